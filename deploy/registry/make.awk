# make.awk - the registry by rule; run by `make`.

FNR == 1 { next } # headers
{
    csv_split($0, f)
}
FILENAME == "provinces.csv" { province[++n_provinces] = f[1]; name_of[f[1]] = "Provinsi " readable(f[2]) }
FILENAME == "regencies.csv" { regency[++n_regencies] = f[1]; name_of[f[1]] = readable(f[3]) }
FILENAME == "spelling.csv" { name_of[f[1]] = f[2] }
FILENAME == "recoded.csv" { was[f[1]] = f[2] }
FILENAME == "served_by.csv" { served_by[f[1]] = f[2] }
FILENAME == "national.csv" { national[++n_national] = f[1]; name_of[f[1]] = f[2]; type_of[f[1]] = f[3] }
FILENAME == "unit_rule.csv" {
    rule = f[1] SUBSEP (++n_units[f[1]])
    unit_code[rule] = f[2]
    unit_name[rule] = f[3]
    unit_type[rule] = f[4]
}
FILENAME == "product_rule.csv" {
    rule = f[1] SUBSEP (++n_products[f[1]])
    product_code[rule] = f[2]
    product_name[rule] = f[3]
}

END {
    offices = out "/offices.csv"
    institutions = out "/institutions.csv"
    units = out "/units.csv"
    products = out "/products.csv"
    print "code,name,upper" > offices
    print "code,name,type,province_code,office,same_as" > institutions
    print "code,institution_code,name,type" > units
    print "code,unit_code,name" > products
    put_offices()
    for (i = 1; i <= n_national; i++)
        put_institution(national[i], name_of[national[i]], type_of[national[i]], "", "pusat", "")
    for (i = 1; i <= n_provinces; i++)
        put_institution(province[i], name_of[province[i]], "province", province[i], office_of(province[i]), "")
    count_bare_names()
    for (i = 1; i <= n_regencies; i++)
        put_regency(regency[i])
}

# "KOTA PALU" -> "Kota Palu"; "PANGKAJENE DAN KEPULAUAN" keeps its small "dan"; DKI stays an abbreviation.
function readable(shouted,    word, n, i, text) {
    n = split(shouted, word, " ")
    text = ""
    for (i = 1; i <= n; i++) {
        if (word[i] == "DAN")
            word[i] = "dan"
        else if (word[i] != "DKI")
            word[i] = substr(word[i], 1, 1) tolower(substr(word[i], 2))
        text = text (i > 1 ? " " : "") word[i]
    }
    return text
}

function office_of(province_code) {
    return (province_code in served_by) ? served_by[province_code] : province_code
}

# "Kabupaten Bogor" and "Kota Bogor" -> "Bogor".
function bare(name) {
    sub(/^(Kabupaten|Kota) (Administrasi )?/, "", name)
    return name
}

function count_bare_names(    i) {
    for (i = 1; i <= n_regencies; i++)
        n_bare[bare(name_of[regency[i]])]++
}

function put_offices(    i, code, name) {
    print "pusat,Ombudsman Republik Indonesia," > offices
    for (i = 1; i <= n_provinces; i++) {
        code = province[i]
        if (code in served_by)
            continue
        name = name_of[code]
        sub(/^Provinsi /, "Perwakilan Ombudsman RI ", name)
        print code "," csv_field(name) ",pusat" > offices
    }
}

# A regency or city, its police resort and its land office: three institutions of the same area.
function put_regency(code,    name, type, area, office, old, police) {
    name = name_of[code]
    type = name ~ /^Kota / ? "city" : "regency"
    area = substr(code, 1, 2)
    office = office_of(area)
    old = (code in was) ? was[code] : ""
    police = "Polres " bare(name)
    if (type == "city" && n_bare[bare(name)] > 1)
        police = police " Kota"
    put_institution(code, name, type, area, office, old)
    put_institution(code "-polres", police, "police_resort", area, office, old == "" ? "" : old "-polres")
    put_institution(code "-kantah", "Kantor Pertanahan " name, "land_office", area, office,
                    old == "" ? "" : old "-kantah")
}

function put_institution(code, name, type, area, office, same_as,    i, rule, unit, label) {
    print code "," csv_field(name) "," type "," area "," office "," same_as > institutions
    for (i = 1; i <= n_units[type]; i++) {
        rule = type SUBSEP i
        unit = code "/" unit_code[rule]
        label = unit_name[rule]
        sub(/\{name\}/, name, label)
        print unit "," code "," csv_field(label) "," unit_type[rule] > units
        put_products(unit, unit_type[rule])
    }
}

function put_products(unit, type,    i, rule) {
    for (i = 1; i <= n_products[type]; i++) {
        rule = type SUBSEP i
        print unit "/" product_code[rule] "," unit "," csv_field(product_name[rule]) > products
    }
}
