/* log.h - operator log lines: one event a line, `event=name key=value ...`, to stderr.
 *
 * Written at the place that decides, by programs and drivers; core returns what happened instead of logging.
 * Never keys, codes, answers or payloads. Thread: any (one write per line). */
#ifndef PT_LOG_H
#define PT_LOG_H

/* format makes the `key=value` part; "" for none. */
void pt_log(const char *event, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Quiet mode for command line tools and tests. */
void pt_log_enable(int on);

#endif
