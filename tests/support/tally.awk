# tally.awk - sums the test cases in the output of `ctest -V`, where every line of a test begins with its number.
#
# Prints first what the tests that failed said (beginning and end, when it is long), then "N passed, N failed". Counted
# are the cases of the last closing line of each test: Criterion's "Tested: N | Passing: N | Failing: N | Crashing: N"
# (Failing includes Crashing) or "N passed, N failed". A test that is red for another reason (leak, timeout, not started), or has no closing line, or
# ends without any case, is one failure; so is a run without tests.

# "12: text of test 12"
match($0, /^[0-9]+: /) {
    id = substr($0, 1, RLENGTH - 2) + 0
    line = substr($0, RLENGTH + 1)
    said[id, ++n_lines[id]] = line
    if (line ~ /Tested: [0-9]+ \| Passing: [0-9]+ \| Failing: [0-9]+ \| Crashing: [0-9]+/) {
        n_good[id] = number_after(line, "Passing: ")
        n_bad[id] = number_after(line, "Tested: ") - n_good[id]
        n_bad[id] = max(n_bad[id], number_after(line, "Failing: "))
    } else if (line ~ /^[0-9]+ passed, [0-9]+ failed$/) {
        split(line, word, " ")
        n_good[id] = word[1] + 0
        n_bad[id] = word[3] + 0
    }
    next
}

# " 1/12 Test  #1: unit_base ......   Passed    0.16 sec", or "...***Failed ..." and other words
match($0, /^ *[0-9]+\/[0-9]+ Test +#[0-9]+: /) {
    id = number_after($0, "#")
    name = substr($0, RLENGTH + 1)
    sub(/ .*/, "", name)
    n_tests++
    settle(id, name, $0 ~ / Passed +[0-9.]+ sec/)
}

END {
    if (n_tests == 0) {
        print "  no test was found"
        failed++
    }
    printf "%d passed, %d failed\n", passed, failed
}

function settle(id, name, green,    good, bad, why)
{
    good = n_good[id] + 0
    bad = n_bad[id] + 0
    why = bad " failed"
    if (bad == 0 && !green) {
        bad = 1
        why = "red, though no case failed"
    } else if (bad == 0 && good == 0) {
        bad = 1
        why = "no test case"
    }
    passed += good
    failed += bad
    if (bad > 0) {
        print "  " name ": " why
        print_output(id)
    }
}

function print_output(id,    i)
{
    for (i = 1; i <= n_lines[id]; i++) {
        if (i <= 60 || i > n_lines[id] - 40) {
            print "    " said[id, i]
        } else if (i == 61) {
            print "    ... (the rest is in the log)"
        }
    }
}

function number_after(text, mark)
{
    return substr(text, index(text, mark) + length(mark)) + 0
}

function max(a, b)
{
    return a > b ? a : b
}
