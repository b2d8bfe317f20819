# make.awk - results in the form `patuhd load results` takes, and what contradicts itself; run by `make`.
# All sums run over hundredths of a point, so they are exact.

BEGIN {
    header = "cycle,level,type,code,name,parent_code,score,weight,zone,category,note"
    contradictions = out "/contradictions.csv"
    print "year,code,name,kind,published,computed,note,source_url" > contradictions
}
FNR == 1 { next } # headers
{
    csv_split($0, f)
}
FILENAME ~ /institutions\.csv$/ { code_of[f[2]] = f[1]; name_of[f[1]] = f[2]; type_of[f[1]] = f[3] }
FILENAME ~ /zones\.csv$/ {
    split(FILENAME, part, "/")
    row = part[3] SUBSEP (++n_zones[part[3]])
    lower[row] = csv_hundredths(f[1])
    exclusive[row] = f[2] == "yes"
    zone[row] = f[3]
    category[row] = f[4]
}
FILENAME == "aliases.csv" { alias[f[1], f[2]] = f[3] }
FILENAME == "unit_aliases.csv" {
    unit_code[f[1], f[2], f[3]] = f[4]
    unit_type[f[4]] = f[5]
    unit_weight[f[1], f[4]] = f[6]
    if (f[6] != "")
        unit_note[f[1], f[4]] = f[7] # says where the weight comes from
}
FILENAME == "completeness.csv" { complete[f[1], f[2]] = f[3] == "yes" }
FILENAME == "scores.csv" { take_score() }
FILENAME == "unit_breakdown.csv" { take_unit() }
FILENAME == "zone_counts.csv" { take_counts() }

END {
    if (failed)
        exit 1
    for (i = 1; i <= n_groups; i++)
        check_mean(group[i])
    check_national()
}

function fail(sentence) {
    print "deploy/published/make: " sentence | "cat 1>&2"
    failed = 1
}

# The code of a printed name: an alias of that year, an alias of every year, the registry.
function resolve(year, name) {
    if ((year, name) in alias)
        return alias[year, name]
    if (("", name) in alias)
        return alias["", name]
    if (name in code_of)
        return code_of[name]
    fail("\"" name "\" (" year ") is not in the registry: add a line to aliases.csv.")
    return ""
}

# The row of zones.csv that a score in hundredths falls into.
function zone_row(year, score,    i, row) {
    for (i = 1; i <= n_zones[year]; i++) {
        row = year SUBSEP i
        if (score > lower[row] || (score == lower[row] && !exclusive[row]))
            return row
    }
    fail("no zone of " year " holds " csv_points(score) ".")
    return ""
}

function put(file, line) {
    if (!(file in begun)) {
        print header > file
        begun[file] = 1
    }
    print line > file
}

function contradict(year, code, name, kind, published, computed, note, source) {
    print year "," code "," csv_field(name) "," kind "," published "," computed "," csv_field(note) "," \
        csv_field(source) > contradictions
}

# A published zone (and from 2022 its category letter) beside the one the cycle's bounds give.
function check_zone(year, code, name, score, printed_zone, printed_category, source,    row, letter) {
    if (printed_zone == "")
        return
    row = zone_row(year, csv_hundredths(score))
    letter = printed_category
    sub(/ .*/, "", letter)
    if (printed_zone != zone[row])
        contradict(year, code, name, "zone", printed_zone, zone[row], "score " score, source)
    if (letter != "" && letter != category[row])
        contradict(year, code, name, "category", letter, category[row], "score " score, source)
}

# year,institution_type,institution,province,score,zone,category,source_url
function take_score(    code, type) {
    code = resolve(f[1], f[3])
    if (code == "")
        return
    if ((f[1], code) in published)
        fail("\"" f[3] "\" has two scores in " f[1] ".")
    published[f[1], code] = csv_hundredths(f[5])
    type = (code in type_of) ? type_of[code] : f[2]
    put(out "/results-" f[1] ".csv", f[1] ",institution," type "," code "," csv_field(f[3]) ",," f[5] ",," f[6] "," \
        csv_field(f[7]) ",")
    check_zone(f[1], code, f[3], f[5], f[6], f[7], f[8])
}

# year,institution,unit,unit_score,zone,category,institution_published_score,source_url
function take_unit(    code, unit, key, weight) {
    code = resolve(f[1], f[2])
    if (!((f[1], f[2], f[3]) in unit_code)) {
        fail("\"" f[3] "\" of \"" f[2] "\" (" f[1] ") has no code: add a line to unit_aliases.csv.")
        return
    }
    if (!((f[1], code) in complete)) {
        fail("say in completeness.csv whether the units of \"" f[2] "\" (" f[1] ") are all.")
        return
    }
    if (f[1] ~ /^[0-9]+$/)
        check_zone(f[1], unit_code[f[1], f[2], f[3]], f[2] ": " f[3], f[4], f[5], f[6], f[8])
    if (!complete[f[1], code])
        return
    unit = unit_code[f[1], f[2], f[3]]
    weight = unit_weight[f[1], unit]
    put(out "/units-" f[1] ".csv", \
        f[1] ",unit," unit_type[unit] "," unit "," csv_field(f[3]) "," code "," f[4] "," weight "," f[5] "," \
        csv_field(f[6]) "," csv_field(unit_note[f[1], unit]))
    key = f[1] SUBSEP code
    if (!(key in sum)) {
        group[++n_groups] = key
        source_of[key] = f[8]
    }
    if (weight == "")
        weight = 1
    sum[key] += csv_hundredths(f[4]) * weight
    weight_sum[key] += weight
}

function check_mean(key,    part, mean) {
    split(key, part, SUBSEP)
    mean = csv_mean(sum[key], weight_sum[key])
    if ((key in published) && mean != published[key])
        contradict(part[1], part[2], name_of[part[2]], "mean", csv_points(published[key]), csv_points(mean),
                   "mean of the published units", source_of[key])
}

# year,scope,institution_type,assessed,green,yellow,red,A,B,C,D,E,note,source_url
function take_counts(    i, label) {
    label = f[2] " " f[3]
    if (f[5] != "" && f[6] != "" && f[7] != "" && f[5] + f[6] + f[7] != f[4])
        contradict(f[1], "", label, "count", f[4], f[5] + f[6] + f[7], "green + yellow + red", f[14])
    if (f[5] != "" && f[8] != "" && f[9] != "" && f[8] + f[9] != f[5])
        contradict(f[1], "", label, "count", f[5], f[8] + f[9], "A + B beside green", f[14])
    if (f[7] != "" && f[11] != "" && f[12] != "" && f[11] + f[12] != f[7])
        contradict(f[1], "", label, "count", f[7], f[11] + f[12], "D + E beside red", f[14])
    if (f[2] != "national" || f[3] ~ /\+/)
        return
    for (i = 4; i <= 7; i++) {
        if (f[3] == "all")
            all_count[f[1], i] = f[i]
        else
            type_count[f[1], i] += f[i]
    }
    if (f[3] == "all") {
        year_of[++n_years] = f[1]
        source_of[f[1]] = f[14]
    }
}

# The five types of a year beside the year's own total; only where types were published.
function check_national(    y, i, year, column) {
    split("assessed green yellow red", column, " ")
    for (y = 1; y <= n_years; y++) {
        year = year_of[y]
        for (i = 4; i <= 7; i++) {
            if (((year, i) in type_count) && type_count[year, i] != all_count[year, i])
                contradict(year, "", "national all", "count", all_count[year, i], type_count[year, i],
                           "sum over the types: " column[i - 3], source_of[year])
        }
    }
}
