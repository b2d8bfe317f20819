#include "rollup/rollup_page.h"

#include <string.h>

#define NOTE_BETWEEN " / "

/* Parts, since a string literal of C need not be longer than 4095 bytes. */
static const char *const style[] = {
    ":root{--ink:#1c2530;--soft:#55616e;--line:#dfe4ea;--wash:#f5f7f9;--card:#fff;--accent:#17415f}"
    "*{box-sizing:border-box}html{-webkit-text-size-adjust:100%}"
    "body{margin:0;background:var(--wash);color:var(--ink);font:16px/1.5 system-ui,-apple-system,\"Segoe UI\",Roboto,"
    "\"Noto Sans\",\"DejaVu Sans\",sans-serif}"
    "main,header>div,footer>div{max-width:1080px;margin:0 auto;padding:0 20px}"
    "header{background:var(--accent);color:#fff;padding:30px 0 26px}"
    "h1{font-size:1.75rem;line-height:1.2;margin:6px 0 12px;font-weight:650;letter-spacing:-.01em}"
    "h2{font-size:1.2rem;margin:0 0 14px;font-weight:650}"
    ".en{color:var(--soft);font-weight:400;font-size:.86em}header .en{color:#c3d4e1}"
    "h1 .en{display:block;font-size:1rem;margin-top:4px}"
    ".eyebrow{margin:0;font-size:.82rem;letter-spacing:.05em;text-transform:uppercase;color:#c3d4e1}"
    ".tags{display:flex;flex-wrap:wrap;gap:8px;margin:0;padding:0;list-style:none}"
    ".tags li{border:1px solid #ffffff4d;border-radius:14px;padding:2px 12px;font-size:.88rem}"
    ".notice{background:#fff5d6;border:1px solid #e5c869;border-left:5px solid #d39b00;border-radius:6px;"
    "padding:12px 16px;margin:20px 0 0}.notice p{margin:0}.notice p+p{margin-top:6px}"
    "section{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:20px;margin:20px 0}"
    ".cards{display:grid;grid-template-columns:repeat(4,1fr);gap:12px;margin:20px 0 0}"
    ".card{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:14px 16px}"
    ".card b{display:block;font-size:1.7rem;line-height:1.2;font-weight:650;font-variant-numeric:tabular-nums}"
    ".card b small{font-size:1rem;color:var(--soft);font-weight:400}.card span{display:block;font-size:.88rem}"
    "table{width:100%;border-collapse:collapse;font-variant-numeric:tabular-nums}"
    "th,td{padding:8px 10px;text-align:left;border-bottom:1px solid var(--line);vertical-align:top}"
    "th{font-size:.84rem;font-weight:600}td.n,th.n{text-align:right}td.n{white-space:nowrap}.national "
    "th.n{max-width:8.5em}"
    "tr:last-child td{border-bottom:0}.total td{font-weight:650;border-top:2px solid var(--line)}"
    ".scroll{overflow-x:auto}",
    ".stack{display:flex;height:14px;border-radius:4px;overflow:hidden;background:#e7ebef;min-width:120px}"
    ".stack i{display:block}.counts{display:flex;flex-wrap:wrap;gap:2px 12px;margin-top:4px;font-size:.84rem;"
    "color:var(--soft)}"
    ".dot{display:inline-block;width:.72em;height:.72em;border-radius:50%;margin-right:.4em;border:1px solid #0003}"
    ".legend{display:flex;flex-wrap:wrap;gap:6px 18px;margin:0 0 14px;padding:0;list-style:none;font-size:.9rem}"
    ".tools{display:flex;flex-wrap:wrap;gap:10px;margin:0 0 12px}"
    ".tools label{flex:1 1 180px;font-size:.84rem;color:var(--soft)}"
    ".tools input,.tools select{display:block;width:100%;font:inherit;color:var(--ink);background:#fff;margin-top:3px;"
    "padding:8px 10px;border:1px solid #b9c2cc;border-radius:6px}"
    ".tools :focus-visible,summary:focus-visible{outline:3px solid #3f8fc4;outline-offset:1px}"
    ".js{display:none}.on .js{display:flex}"
    ".inst{border-top:1px solid var(--line)}.inst[hidden]{display:none}"
    "summary{display:grid;grid-template-columns:74px minmax(0,1fr) 190px 132px 150px;gap:12px;align-items:center;"
    "padding:10px 6px;cursor:pointer;list-style:none}summary::-webkit-details-marker{display:none}"
    "summary:hover{background:var(--wash)}.name{font-weight:600;overflow-wrap:anywhere}"
    ".name small{display:block;font-weight:400;color:var(--soft)}"
    ".rank{color:var(--soft);font-variant-numeric:tabular-nums}.rank:before{content:\"\\25B8\";margin-right:6px;"
    "display:inline-block;color:#8a96a3}.inst[open] .rank:before{transform:rotate(90deg)}"
    ".bar{position:relative;height:12px;border-radius:4px;background:#e7ebef;overflow:hidden}"
    ".bar i{position:absolute;top:0;bottom:0;left:0}"
    ".bar i.range{background:repeating-linear-gradient(45deg,#8a96a3 0 4px,#c4ccd4 4px 8px)!important}"
    ".score{text-align:right;font-weight:650;font-variant-numeric:tabular-nums;white-space:nowrap}"
    ".zone{font-size:.92rem}.units{padding:2px 6px 16px 86px}.units table{font-size:.93rem}"
    ".hint{color:var(--soft);font-size:.9rem;margin:0 0 12px}"
    "footer{padding:8px 0 40px;color:var(--soft);font-size:.86rem}code{overflow-wrap:anywhere;font-size:.95em}",
    "@media screen and (max-width:820px){summary{grid-template-columns:74px minmax(0,1fr) 118px;gap:4px 10px}"
    ".bar{grid-column:2;grid-row:2}.score{grid-column:3;grid-row:1}.zone{grid-column:3;grid-row:2;text-align:right}"
    ".rank{grid-row:1}.units{padding-left:6px}}"
    "@media screen and (max-width:560px){body{font-size:15px}main,header>div,footer>div{padding:0 "
    "14px}h1{font-size:1.4rem}"
    ".cards{grid-template-columns:1fr 1fr;gap:10px}section{padding:16px 14px;border-radius:8px}"
    "th,td{padding:7px 6px}summary{grid-template-columns:40px minmax(0,1fr) 104px;padding:10px "
    "0}.score{font-size:.95rem}"
    ".rank{font-size:.88rem}.rank:before{margin-right:3px}.units{padding:0 0 12px}"
    ".national thead{display:none}.national tr{display:block;border-bottom:1px solid var(--line);padding:8px 0}"
    ".national tr:last-child{border-bottom:0}.national td{display:flex;justify-content:space-between;gap:14px;"
    "border:0;padding:3px 0}.national "
    "td[data-l]:before{content:attr(data-l);color:var(--soft);font-size:.88rem;white-space:normal;"
    "text-align:left}"
    ".national td.t{font-weight:650}.national td.z{display:block}.total td{border-top:0}"
    ".units tr{display:grid;grid-template-columns:minmax(0,1fr) auto;gap:0 12px;padding:7px 0;border-bottom:1px solid "
    "var(--line)}.units tr:last-child{border-bottom:0}.units td{border:0;padding:1px 0}.units "
    "td:nth-child(4){grid-column:1/-1}}"
    /* On paper rows stay whole, a heading stays with what follows, and only what the reader has opened is unfolded. */
    "@media print{@page{margin:14mm 12mm}html{font-size:9.5pt}body{background:#fff;font-size:1rem;line-height:1.35}"
    "main,header>div,footer>div{max-width:none;padding:0}header{background:none;color:#000;padding:0 0 8px;"
    "border-bottom:2px solid #000}header .en,.eyebrow{color:#444}h1{font-size:15pt}h2{font-size:12pt;break-after:avoid}"
    ".tags li{border-color:#999}.tools,.screen{display:none!important}.hint,.legend,thead{break-after:avoid}"
    "thead{display:table-header-group}section{border:0;border-radius:0;padding:0;margin:14px 0}"
    ".notice,.cards{margin-top:12px}.cards{gap:8px}.card{border-color:#bbb;padding:8px 10px}.card b{font-size:15pt}"
    ".inst,tr,.card,.notice,.legend{break-inside:avoid}.inst[open]{break-inside:auto}"
    "th,td{padding:4px 6px}.scroll{overflow:visible}"
    "summary{padding:4px 0;gap:8px;grid-template-columns:44px minmax(0,1fr) 100px 92px 128px}"
    ".inst[open] summary{break-after:avoid}.rank:before{content:none}.units{padding:0 0 8px 52px}"
    "footer{padding:0;break-inside:avoid}*{-webkit-print-color-adjust:exact;print-color-adjust:exact}}",
};

static const char *const script[] = {
    "(function(){'use strict';var d=document,box=d.getElementById('list');if(!box)return;"
    "d.documentElement.className+=' on';var all=[].slice.call(box.querySelectorAll('.inst')),"
    "q=d.getElementById('q'),t=d.getElementById('t'),s=d.getElementById('s'),none=d.getElementById('none');"
    "function show(){var w=q.value.toLowerCase().trim().split(/\\s+/),n=0;all.forEach(function(e){"
    "var x=e.getAttribute('data-s'),ok=(!t.value||e.getAttribute('data-t')===t.value)&&"
    "w.every(function(p){return x.indexOf(p)>=0});e.hidden=!ok;n+=ok});none.hidden=n>0}"
    "function num(e){var v=e.getAttribute('data-v');return v===''?-1:parseFloat(v)}"
    "function order(){var k=s.value,f=d.createDocumentFragment();all.sort(function(a,b){"
    "if(k==='down'||k==='up'){var x=num(a),y=num(b);if(x!==y){if(x<0)return 1;if(y<0)return -1;"
    "return k==='down'?y-x:x-y}}"
    "return a.getAttribute(k==='code'?'data-c':'data-n').localeCompare(b.getAttribute(k==='code'?'data-c':'data-n'))});"
    "all.forEach(function(e){f.appendChild(e)});box.appendChild(f)}"
    "q.addEventListener('input',show);t.addEventListener('change',show);s.addEventListener('change',order);show()})();",
};

static void put_parts(struct pt_buf *out, const char *const *parts, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        pt_buf_put_str(out, parts[i]);
    }
}

static void put_escaped(struct pt_buf *out, const char *text, size_t n)
{
    for (const char *end = text + n; text < end; text++) {
        switch (*text) {
        case '&':
            pt_buf_put_str(out, "&amp;");
            break;
        case '<':
            pt_buf_put_str(out, "&lt;");
            break;
        case '>':
            pt_buf_put_str(out, "&gt;");
            break;
        case '"':
            pt_buf_put_str(out, "&quot;");
            break;
        case '\'':
            pt_buf_put_str(out, "&#39;");
            break;
        default:
            pt_buf_put(out, text, 1);
        }
    }
}

void pt__page_text(struct pt_buf *out, const char *text)
{
    put_escaped(out, text, strlen(text));
}

void pt__page_both(struct pt_buf *out, const char *id, const char *en)
{
    pt__page_text(out, id);
    pt_buf_put_str(out, " <span class=\"en\" lang=\"en\">");
    pt__page_text(out, en);
    pt_buf_put_str(out, "</span>");
}

void pt__page_note(struct pt_buf *out, const char *text)
{
    const char *between = strstr(text, NOTE_BETWEEN);
    if (between == NULL) {
        pt__page_text(out, text);
        return;
    }
    put_escaped(out, text, (size_t)(between - text));
    pt_buf_put_str(out, " <span class=\"en\" lang=\"en\">");
    pt__page_text(out, between + strlen(NOTE_BETWEEN));
    pt_buf_put_str(out, "</span>");
}

void pt__page_begin(struct pt_buf *out, const char *title)
{
    pt_buf_put_str(out, "<!doctype html>\n<html lang=\"id\">\n<head>\n<meta charset=\"utf-8\">\n"
                        "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n<title>");
    pt__page_text(out, title);
    pt_buf_put_str(out, "</title>\n<style>");
    put_parts(out, style, sizeof style / sizeof style[0]);
    pt_buf_put_str(out, "</style>\n</head>\n<body>\n");
}

void pt__page_end(struct pt_buf *out)
{
    pt_buf_put_str(out, "<script>");
    put_parts(out, script, sizeof script / sizeof script[0]);
    pt_buf_put_str(out, "</script>\n</body>\n</html>\n");
}
