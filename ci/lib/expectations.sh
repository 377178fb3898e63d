# shellcheck shell=bash
# Shows commands as they would be typed, and checks what is expected of them. Needs common.sh.

held=0
broken=0
output='' # the output of the last command on both streams
status=0  # and its exit code

# command_line WORDS...: the command as typed, continued on further lines beyond 80 columns.
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

# show WORDS...: prints a command line and runs it.
show() {
    printf '\n%s%s%s\n' "$bold" "$(command_line "$@")" "$plain"
    status=0
    output=$("$@" 2>&1) || status=$?
    [[ -z $output ]] || printf '%s\n' "$output"
    printf '\n'
}

# expect WHAT COMMAND...: checks with COMMAND whether WHAT is true.
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

# verdict: prints the closing line; fails if an expectation failed.
verdict() {
    if ((broken > 0)); then
        printf '\n%s%d of %d checks failed.%s\n' "$red" "$broken" $((held + broken)) "$plain"
        return 1
    fi
    printf '\n%sAll %d checks passed.%s\n' "$bold$green" "$held" "$plain"
}
