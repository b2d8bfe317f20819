/* check.h - assertions that stay on in release.
 *
 * PT_CHECK is for our own bugs only: bytes from network, disk, files or people are answered with a pt_err instead. */
#ifndef PT_CHECK_H
#define PT_CHECK_H

/* Logs the place and aborts. */
_Noreturn void pt_check_failed(const char *condition, const char *file, int line);

#define PT_CHECK(condition) ((condition) ? (void)0 : pt_check_failed(#condition, __FILE__, __LINE__))

#endif
