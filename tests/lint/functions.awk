# functions.awk - prints FILE:LINE:LENGTH of every function body longer than `max` lines, in code that clang-format laid
# out: the body is what stands between a "{" and the next "}" in the first column.

FNR == 1 {
    start = 0
}

/^\{/ {
    start = FNR
}

/^\}/ && start > 0 {
    if (FNR - start - 1 > max) {
        print FILENAME ":" start ":" FNR - start - 1 " lines"
    }
    start = 0
}
