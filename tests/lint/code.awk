# code.awk - prints every line of C code as FILE:LINE:CODE, with comments and the insides of strings taken out, so that
# the rules see code only. Lines of #include are kept whole. FILE is the name given to awk without a leading "./".

FNR == 1 {
    in_comment = 0
}

/^[[:space:]]*#[[:space:]]*include/ && !in_comment {
    print name() ":" FNR ":" $0
    next
}

{
    print name() ":" FNR ":" without_comments_and_strings($0)
}

function name()
{
    sub(/^\.\//, "", FILENAME)
    return FILENAME
}

function without_comments_and_strings(line,    out, i, n, two, c, quote)
{
    n = length(line)
    for (i = 1; i <= n; i++) {
        c = substr(line, i, 1)
        two = substr(line, i, 2)
        if (in_comment) {
            if (two == "*/") {
                in_comment = 0
                i++
            }
        } else if (quote != "") {
            if (c == "\\") {
                i++
            } else if (c == quote) {
                quote = ""
                out = out c
            }
        } else if (two == "/*") {
            in_comment = 1
            i++
        } else if (two == "//") {
            return out
        } else {
            if (c == "\"" || c == "'") {
                quote = c
            }
            out = out c
        }
    }
    return out
}
