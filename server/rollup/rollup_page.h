/* rollup_page.h - the frame of report.html: style and script, and writing text into HTML. Inside server/rollup only.
 *
 * The page needs nothing from outside and works without the script, which only searches and sorts. */
#ifndef PT_ROLLUP_PAGE_H
#define PT_ROLLUP_PAGE_H

#include "base/bytes.h"

void pt__page_begin(struct pt_buf *out, const char *title);
void pt__page_end(struct pt_buf *out);
/* Text with & < > " ' escaped: for content and for attributes in quotes. */
void pt__page_text(struct pt_buf *out, const char *text);
/* A note out of data, "Indonesian / English"; as it is when it has no " / ". */
void pt__page_note(struct pt_buf *out, const char *text);
/* Indonesian, then English smaller beside it; both are escaped. */
void pt__page_both(struct pt_buf *out, const char *id, const char *en);

#endif
