# check-data.awk - the rules of check-data, one a `rule`; prints one line for each fault.

BEGIN { depth = 0 } # of the survey
FNR == 1 {
    n_columns = csv_split($0, header)
    table = FILENAME
    sub(/.*\//, "", table)
    sub(/\.csv$/, "", table)
    next
}
{
    if (csv_split($0, f) != n_columns)
        fault("has another number of fields than its header")
    if ($0 ~ /[^ -~\r]/)
        fault("has a character outside ASCII")
    split("", row)
    for (i = 1; i <= n_columns; i++)
        row[header[i]] = f[i]
    rows[table]++
}
rule == "registry" { registry_row() }
rule == "names" { names_row() }
rule == "means" { means_row() }
rule == "zones" { zones_row() }
rule == "settings" { settings_row() }
rule == "survey" { survey_row() }
END {
    if (rule == "registry")
        registry_end()
    else if (rule == "means")
        means_end()
    else if (rule == "zones" && rows["scores"] < 300)
        print "only " rows["scores"] " published scores were read"
    else if (rule == "settings")
        settings_end()
    else if (rule == "survey")
        survey_end()
}

function fault(sentence) {
    print FILENAME ":" FNR " " sentence
}

# ---- registry

function registry_row(    parent_table, parent) {
    if (row["code"] !~ /^[a-z0-9._-]+(\/[a-z0-9._-]+)*$/)
        fault("has a code outside [a-z0-9._-]: " row["code"])
    if ((table, row["code"]) in known)
        fault("repeats the code " row["code"])
    known[table, row["code"]] = 1
    if (row["name"] == "" || length(row["name"]) > 127)
        fault("has no name, or one longer than 127 bytes")
    if (row["name"] ~ /[A-Z][A-Z][A-Z][A-Z][A-Z][A-Z][A-Z][A-Z][A-Z][A-Z]/)
        fault("shouts: " row["name"])
    if (table == "offices") {
        regional += row["upper"] == "pusat"
        parent_table = "offices"
        parent = row["upper"]
    } else if (table == "institutions") {
        n_type[row["type"]]++
        parent_table = "offices"
        parent = row["office"]
    } else if (table == "units") {
        parent_table = "institutions"
        parent = row["institution_code"]
    } else {
        parent_table = "units"
        parent = row["unit_code"]
    }
    if (!((parent_table, parent) in known) && row["code"] != "pusat")
        fault("names a parent that is not there: " parent)
    if (table == "units" || table == "products") {
        if (substr(row["code"], 1, length(parent) + 1) != parent "/")
            fault("has a code that does not begin with its parent's")
        has_child[parent_table, parent] = 1
    }
}

function registry_end(    key, part) {
    count_is("regional offices", regional, 34)
    count_is("provinces", n_type["province"], 38)
    count_is("regencies and cities", n_type["regency"] + n_type["city"], 514)
    count_is("police resorts", n_type["police_resort"], 514)
    count_is("land offices", n_type["land_office"], 514)
    for (key in known) {
        split(key, part, SUBSEP)
        if ((part[1] == "institutions" || part[1] == "units") && !(key in has_child))
            print part[1] " " part[2] " has nothing below it"
    }
}

function count_is(what, have, want) {
    if (have != want)
        print what ": " have + 0 " instead of " want
}

# ---- published results

function resolve(year, name) {
    if ((year, name) in alias)
        return alias[year, name]
    if (("", name) in alias)
        return alias["", name]
    return (name in code_of) ? code_of[name] : ""
}

function names_row(    code, expected) {
    if (table == "institutions") {
        code_of[row["name"]] = row["code"]
        is_institution[row["code"]] = 1
    } else if (table == "aliases") {
        alias[row["year"], row["published_name"]] = row["code"]
        if (!(row["code"] in is_institution) && row["code"] !~ /^x-[a-z0-9-]+$/)
            fault("gives a code that is neither in the registry nor begins with x-")
    } else if (table ~ /^results-/) {
        expected = row["cycle"] SUBSEP row["code"]
        if (score[expected] != row["score"])
            fault("is not the published score of " row["code"])
    } else {
        code = resolve(row["year"], row["institution"])
        if (code == "")
            fault("has a name without a code: " row["institution"])
        if (table == "scores")
            score[row["year"], code] = row["score"]
    }
}

function means_row(    key, weight) {
    if (table == "contradictions") {
        listed[row["year"], row["code"], row["published"], row["computed"]] = row["kind"] == "mean"
        return
    }
    if (row["level"] == "institution") {
        published[row["cycle"], row["code"]] = row["score"]
        return
    }
    key = row["cycle"] SUBSEP row["parent_code"]
    weight = row["weight"] == "" ? 1 : row["weight"]
    sum[key] += csv_hundredths(row["score"]) * weight
    weight_sum[key] += weight
}

function means_end(    key, mean) {
    proof_case("2023", "19.04", "93.71")
    proof_case("2024", "33.27", "98.59")
    proof_case("2025", "75", "76.82")
    proof_case("2021", "36", "73.95")
    proof_case("2024", "33.25", "93.70")
    for (key in sum) {
        mean = csv_points(csv_mean(sum[key], weight_sum[key]))
        if ((key in published) && mean != published[key] && !listed[key, published[key], mean]) {
            sub(SUBSEP, " ", key)
            print key ": units give " mean " and contradictions.csv does not say so"
        }
    }
}

function proof_case(year, code, want,    key, mean) {
    key = year SUBSEP code
    mean = (key in sum) ? csv_points(csv_mean(sum[key], weight_sum[key])) : "nothing"
    if (mean != want)
        print year " " code ": units give " mean " instead of " want
}

function zones_row(    part, year, i, score, letter) {
    if (table == "zones") {
        split(FILENAME, part, "/")
        i = ++n_zones[part[2]]
        lower[part[2], i] = csv_hundredths(row["lower"]) + (row["lower_exclusive"] == "yes")
        zone[part[2], i] = row["zone"]
        category[part[2], i] = row["category"]
    } else if (table == "contradictions") {
        listed[row["year"], row["name"], row["kind"]] = 1
    } else if (table == "scores" && row["year"] <= 2024) {
        year = row["year"]
        score = csv_hundredths(row["score"])
        for (i = 1; i < n_zones[year] && score < lower[year, i]; i++)
            ;
        letter = row["category"]
        sub(/ .*/, "", letter)
        if (row["zone"] != zone[year, i] && !((year, row["institution"], "zone") in listed))
            fault("zone " row["zone"] ", bounds give " zone[year, i])
        if (letter != category[year, i] && !((year, row["institution"], "category") in listed))
            fault("category " letter ", bounds give " category[year, i])
    }
}

# ---- cycles

function settings_row(    part) {
    if (table == "settings") {
        split(FILENAME, part, "/")
        if (row["cycle"] != part[2] || row["form_id"] != "patuh-" part[2])
            fault("is not the settings of the folder it is in")
        if (row["official"] != "no")
            fault("says it is official")
        if (part[2] ~ /^latihan-/ && row["form_title"] !~ /practice/)
            fault("has a title that does not say practice")
        return
    }
    if (rows["zones"] > 1 && csv_hundredths(row["lower"]) >= last_lower)
        fault("is not below the zone above it")
    last_lower = csv_hundredths(row["lower"])
    last_exclusive = row["lower_exclusive"]
    if (row["zone"] !~ /^(green|yellow|red)$/ || row["colour"] !~ /^#[0-9a-f]+$/ || length(row["colour"]) != 7)
        fault("has an unknown zone or colour")
    if (row["label_id"] == "" || row["label_en"] == "")
        fault("lacks a label")
}

function settings_end() {
    count_is("rows of settings", rows["settings"], 1)
    if (rows["zones"] < 3 || last_lower != 0 || last_exclusive != "no")
        print "the last zone does not begin at 0, inclusive"
}

# Walks the tree: `depth` is the nesting, `owner[depth]` the group that the weights at this depth belong to.
function survey_row(    kind, list) {
    if (table == "choices") {
        if ((row["list_name"], row["name"]) in choice)
            fault("repeats a choice")
        choice[row["list_name"], row["name"]] = 1
        is_list[row["list_name"]] = 1
        need_labels()
        return
    }
    if (table == "settings") {
        rule_of["root"] = row["weights"]
        owner[0] = "root"
        return
    }
    kind = row["type"]
    if (kind ~ /^end_/) {
        if (opened[depth] != substr(kind, 5))
            fault("closes what is not open")
        depth--
        return
    }
    if (row["name"] !~ /^[a-z][a-z0-9_]*$/ || length(row["name"]) > 40 || (row["name"] in named))
        fault("has a name that is malformed or used before: " row["name"])
    named[row["name"]] = 1
    if (kind != "calculate" || row["weight"] != "")
        need_labels()
    if (row["weight"] != "") {
        weight_sum[owner[depth]] += csv_hundredths(row["weight"])
        if (row["x_source"] == "")
            fault("has a weight and does not say where it comes from")
    }
    if (kind ~ /^begin_/) {
        depth++
        opened[depth] = substr(kind, 7)
        owner[depth] = row["weight"] == "" ? owner[depth - 1] : row["name"]
        if (row["weight"] != "")
            rule_of[row["name"]] = row["weights"]
    } else if (kind ~ /^select_/) {
        list = kind
        sub(/^select_(one|multiple) /, "", list)
        if (!(list in is_list))
            fault("asks from a list that is not there: " list)
    } else if (kind == "calculate" && row["calculation"] == "") {
        fault("calculates nothing")
    }
}

function need_labels() {
    if (row["label::Bahasa Indonesia (id)"] == "" || row["label::English (en)"] == "")
        fault("lacks a label in one language")
}

function survey_end(    group) {
    if (depth != 0)
        print "a group or repeat is not closed"
    for (group in rule_of) {
        if (weight_sum[group] == 0)
            print group ": nothing in it scores"
        if (rule_of[group] == "sum100" && weight_sum[group] != 10000)
            print group ": weights sum to " csv_points(weight_sum[group]) " instead of 100"
        if (rule_of[group] != "sum100" && rule_of[group] != "normalise")
            print group ": no rule for its weights"
    }
}
