# lib.sh - offices, devices and checks for the scripts here: . "$(dirname "$0")/lib.sh", with the build folder as $1.
#
# Every office and device is a folder of its name under $work. Nothing sleeps a fixed time: wait_for asks again and again
# until a condition holds. Whatever was started is ended when the script ends.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
data=$here/data
build=$1
patuhd=$build/server/patuhd
patuh=$build/client/patuh
tools=$build/tests/integration
work=$(mktemp -d)
n_passed=0
n_failed=0
running=

# Functions share one set of names: theirs are not those of the scripts.

# --- counting ---

passed() { n_passed=$((n_passed + 1)); }
failed() { # WHAT: with what the last command said
    n_failed=$((n_failed + 1))
    echo "FAILED: $1"
    sed 's/^/    /' "$work/said" "$work/printed" 2> /dev/null || true
}
run() { "$@" > "$work/printed" 2> "$work/said" < /dev/null; } # what it prints, and what it says to people
# keys_once WHAT: what the last command printed is JSON, and no object in it has a key twice
keys_once() {
    if python3 -c 'import json, sys
def once(pairs):
    assert len(dict(pairs)) == len(pairs), [key for key, value in pairs]
    return dict(pairs)
json.load(sys.stdin, object_pairs_hook=once)' < "$work/printed" 2> "$work/said"; then passed; else failed "$1"; fi
}
# must COMMAND...: setting up; the script cannot go on without it
must() { run "$@" || { failed "$*"; exit 1; }; }
# ok WHAT COMMAND...
ok() {
    tested=$1; shift
    if run "$@"; then passed; else failed "$tested: $*"; fi
}
refused() { # WHAT COMMAND...
    tested=$1; shift
    if run "$@"; then failed "$tested: $*"; else passed; fi
}
# said PART: the last command told people so; said_nothing: it did not say anything
said() { if grep -qF -- "$1" "$work/said"; then passed; else failed "did not say \"$1\""; fi; }
said_nothing() { if [ -s "$work/said" ]; then failed "had something to say"; else passed; fi; }
# same WHAT EXPECTED FOUND
same() {
    if [ "$2" = "$3" ]; then passed; else
        printf 'expected: %s\nfound:    %s\n' "$2" "$3" > "$work/said"
        : > "$work/printed"
        failed "$1"
    fi
}
# expect_fail CODE PART COMMAND...: that exit code, nothing on stdout, and one line on stderr in both languages with PART;
# patuh may add a line that says how the command is used
expect_fail() {
    code=$1; part=$2; shift 2
    found_status=0
    run "$@" || found_status=$?
    if [ "$found_status" -ne "$code" ]; then failed "exit status $found_status, not $code: $*"
    elif [ "$(grep -cv '^Cara pakai / Usage: ' "$work/said")" -ne 1 ]; then failed "not one line: $*"
    elif ! grep -qF ' / ' "$work/said"; then failed "not in both languages: $*"
    elif ! grep -qF -- "$part" "$work/said"; then failed "without \"$part\": $*"
    elif [ -s "$work/printed" ]; then failed "printed something: $*"
    else passed; fi
}
finish() { # the last line of every script
    trap - EXIT
    clean
    echo "$n_passed passed, $n_failed failed"
    [ "$n_failed" -eq 0 ]
}

# --- processes ---

clean() {
    for name in $running; do stop "$name" 2> /dev/null || true; done
    rm -rf "$work"
}
trap 'echo "0 passed, 1 failed"; clean' EXIT # a script that ends before finish
trap 'exit 130' INT TERM

# wait_for WHAT COMMAND...: until the command succeeds, at most about 20 s
wait_for() {
    awaited=$1; shift
    tries=0
    until "$@" > /dev/null 2>&1; do
        tries=$((tries + 1))
        if [ "$tries" -ge 400 ]; then
            echo "gave up waiting for $awaited"
            for name in $running; do tail -n 5 "$work/$name.log" | sed "s/^/    $name: /"; done
            n_failed=$((n_failed + 1))
            exit 1
        fi
        "$tools/tick"
    done
}
# background NAME COMMAND...: its stderr goes to $work/NAME.log
background() {
    started=$1; shift
    : > "$work/$started.log"
    "$@" > /dev/null 2> "$work/$started.log" < /dev/null &
    echo $! > "$work/$started.pid"
    running="$running $started"
}
join_background() { # NAME: until it has ended; with its exit status
    status=0
    wait "$(cat "$work/$1.pid")" 2> /dev/null || status=$?
    running=$(echo " $running " | sed "s/ $1 / /")
    return "$status"
}
stop() { kill -TERM "$(cat "$work/$1.pid")" && join_background "$1"; }
kill9() { kill -KILL "$(cat "$work/$1.pid")" 2> /dev/null || true; join_background "$1" || true; } # may have ended already

# --- offices ---

# office NAME CODE: head office when the code is pusat
office() {
    role=regional
    if [ "$2" = pusat ]; then role=national; fi
    must "$patuhd" init --dir "$work/$1" --role "$role" --code "$2" --name "Kantor $1"
}
# serve NAME [ADDRESS]: until it says where it listens
serve() {
    background "$1" "$patuhd" serve --dir "$work/$1" --listen "${2:-127.0.0.1:0}"
    wait_for "address of $1" grep -q '^event=serving' "$work/$1.log"
    sed -n 's/^event=serving address=\([^ ]*\).*/\1/p' "$work/$1.log" > "$work/$1.address"
}
address_of() { cat "$work/$1.address"; }
load_cycle() { # NAME
    must "$patuhd" load --dir "$work/$1" instrument "$data/instrument"
    must "$patuhd" load --dir "$work/$1" registry "$data/registry"
}
# invite NAME OPTION...: the code to $work/code, where no argument list shows it
invite() {
    inviting=$1; shift
    must "$patuhd" invite --dir "$work/$inviting" "$@"
    cp "$work/printed" "$work/code"
}
join() { # REGION HEAD_OFFICE
    invite "$2" --office "$1"
    must "$patuhd" join --dir "$work/$1" --code-file "$work/code"
}
field_of() { "$patuhd" status --dir "$work/$1" 2> /dev/null | sed -n "s/^$2	//p"; } # OFFICE FIELD
field_is() { [ "$(field_of "$1" "$2")" = "$3" ]; }                              # OFFICE FIELD VALUE
# A region knows the cycle when it can assign: the registry came down from head office.
assign() { # REGION ASSESSMENT SURVEYOR
    wait_for "cycle at $1" "$patuhd" assign --dir "$work/$1" "$2" --surveyor "$3"
}
# The whole line: head office "pusat" and region "62", serving.
two_offices() {
    office pusat pusat
    load_cycle pusat
    serve pusat
    office 62 62
    join 62 pusat
    serve 62
}

# --- devices ---

# enroll NAME REGION [INVITE OPTION...]: the device is called like its surveyor
enroll() {
    enrolling=$1; enrolled_at=$2; shift 2
    invite "$enrolled_at" --surveyor "$enrolling" "$@"
    must "$patuh" enroll --dir "$work/$enrolling" --code-file "$work/code"
}
device() { # NAME COMMAND WORD...: patuh on that device
    holder=$1; asked=$2; shift 2
    "$patuh" "$asked" --dir "$work/$holder" "$@"
}
# Where the chunks of a device are, each place with its number of entries: "device:1 region:4". What is not yet sealed
# is on the device; evidence has receipts of the region only and is left out.
places_of() {
    device "$1" status --json 2> /dev/null | tr '{' '\n' | awk '
        /"what":"(chunk|tail)"/ && match($0, /"entries":[0-9]+/) {
            n = substr($0, RSTART + 10, RLENGTH - 10)
            match($0, /"where":"[a-z_]+"/)
            at[substr($0, RSTART + 9, RLENGTH - 10)] += n
        }
        END {
            n = split("device carried region head_office", place, " ")
            for (i = 1; i <= n; i++) if (at[place[i]]) { printf "%s%s:%d", sep, place[i], at[place[i]]; sep = " " }
            print ""
        }'
}
all_at() { # NAME PLACE
    places_of "$1" | grep -qx "$2:[0-9]*"
}
sync_until() { # NAME PLACE: receipts of head office come when the region has got them
    device "$1" sync && all_at "$1" "$2"
}
# json_field NAME: of the JSON on stdin, where it occurs first
json_field() { tr '{,}' '\n\n\n' | sed -n "s/^\"$1\":\"\{0,1\}\([^\"]*\)\"\{0,1\}$/\1/p" | head -1; }
# values_of PATTERN: the settled values of the questions whose path fits, from "show --json" on stdin, in its order
values_of() {
    tr '{' '\n' | awk -v pattern="\"path\":\"$1\"" '
        $0 ~ pattern && match($0, /"value":"[^"]*"/) { printf "%s%s", sep, substr($0, RSTART + 9, RLENGTH - 10); sep = " " }
        END { print "" }'
}

# --- reviewers ---

# reviewer OFFICE NAME: a key of its own, sealed with the passphrase that is kept in $work/NAME.words
reviewer() {
    invite "$1" --reviewer "$2"
    echo "empat kata untuk $2" > "$work/$2.words"
    must "$patuhd" enroll --dir "$work/$1" --code-file "$work/code" --passphrase-file "$work/$2.words"
}
# review OFFICE NAME WORD...: as that reviewer
review() {
    reviewing=$1; as=$2; shift 2
    "$patuhd" review --dir "$work/$reviewing" --as "$as" --passphrase-file "$work/$as.words" "$@"
}
# state_at OFFICE ASSESSMENT
state_at() {
    "$patuhd" review --dir "$work/$1" list --json 2> /dev/null | tr '{' '\n' |
        awk -v name="\"assessment\":\"$2\"" 'index($0, name) && match($0, /"state":"[a-z_]+"/) {
            print substr($0, RSTART + 9, RLENGTH - 10) }'
}
state_is() { [ "$(state_at "$1" "$2")" = "$3" ]; } # OFFICE ASSESSMENT STATE
