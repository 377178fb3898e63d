# shellcheck shell=bash
# Commands shown as they would be typed, and what is expected of them. Needs common.sh.

held=0
broken=0
output='' # what the last shown command said on both of its streams
status=0  # and its exit code

# command_line WORDS...: as it would be typed, continued on further lines beyond 80 columns.
command_line() {
    local word line='$'
    for word in "$@"; do
        [[ $word != *[\{\}\ ]* ]] || word="'$word'"
        if ((${#line} + ${#word} > 77)); then
            printf '%s \\\n' "$line"
            line='   '
        fi
        line+=" $word"
    done
    printf '%s' "$line"
}

# show WORDS...: prints them as a command line and runs them.
show() {
    printf '\n%s%s%s\n' "$bold" "$(command_line "$@")" "$plain"
    status=0
    output=$("$@" 2>&1) || status=$?
    [[ -z $output ]] || printf '%s\n' "$output"
    printf '\n'
}

# expect WHAT COMMAND...: COMMAND decides whether WHAT is so.
expect() {
    local what=$1
    shift
    if "$@"; then
        pass "$what"
        held=$((held + 1))
    else
        fail "$what"
        broken=$((broken + 1))
    fi
}

same() { [[ $1 == "$2" ]]; }
says() { [[ $output == *"$1"* ]]; }
never_says() { ! says "$1"; }

# verdict: the closing line; fails if any expectation did.
verdict() {
    if ((broken > 0)); then
        printf '\n%s%d of %d expectations did not hold.%s\n' "$red" "$broken" $((held + broken)) "$plain"
        return 1
    fi
    printf '\n%sAll %d expectations held.%s\n' "$bold$green" "$held" "$plain"
}
