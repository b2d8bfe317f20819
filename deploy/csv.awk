# csv.awk - RFC 4180 rows for awk scripts: awk -f csv.awk -f script.awk
# A record is one line here: none of the data files has a line break inside quotes.

# Split one line into field[1..n]; returns n. A CR at the end is dropped.
function csv_split(line, field,    n, i, c, quoted, value, length_of_line) {
    sub(/\r$/, "", line)
    split("", field)
    n = 0
    value = ""
    quoted = 0
    if (line !~ /"/)
        return split(line, field, ",")
    length_of_line = length(line)
    for (i = 1; i <= length_of_line; i++) {
        c = substr(line, i, 1)
        if (quoted && c == "\"" && substr(line, i + 1, 1) == "\"") {
            value = value c
            i++
        } else if (c == "\"") {
            quoted = !quoted
        } else if (c == "," && !quoted) {
            field[++n] = value
            value = ""
        } else {
            value = value c
        }
    }
    field[++n] = value
    return n
}

# One value as a field: quoted only where it must be.
function csv_field(value) {
    if (value !~ /[",]/)
        return value
    gsub(/"/, "\"\"", value)
    return "\"" value "\""
}

# "93.71" as 9371: sums of scores stay whole numbers.
function csv_hundredths(text,    part) {
    if (split(text, part, ".") == 1)
        part[2] = "00"
    return part[1] * 100 + substr(part[2] "00", 1, 2)
}

# 9371 as "93.71".
function csv_points(hundredths) {
    return sprintf("%d.%02d", int(hundredths / 100), hundredths % 100)
}

# Mean rounded half-up: weighted sum and weight in, hundredths out.
function csv_mean(sum, weight) {
    return int((2 * sum + weight) / (2 * weight))
}
