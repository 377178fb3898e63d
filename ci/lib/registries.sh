# shellcheck shell=bash
# Real registries on loopback: Debian's docker-registry, each with its own storage, port and
# access log. Needs common.sh; call tidy_at_exit first.

# start_registry NAME FOLDER: sets NAME to "127.0.0.1:PORT". The port is the system's choice,
# read back from the server, so that two runs never meet. FOLDER/access.log holds one line for
# each request, FOLDER/pid the server's process.
start_registry() {
    local name=$1 folder=$2 pid port='' attempt
    mkdir -p "$folder/storage"
    cat >"$folder/config.yml" <<YAML
version: 0.1
log:
  level: info
storage:
  filesystem: {rootdirectory: $folder/storage}
  delete: {enabled: true}
http:
  addr: 127.0.0.1:0
  secret: only-for-this-run
YAML
    # Made here, for the shell in the background may be slower than the first look into it.
    : >"$folder/server.log"
    docker-registry serve "$folder/config.yml" >"$folder/access.log" 2>"$folder/server.log" &
    pid=$!
    printf '%d\n' "$pid" >"$folder/pid"
    at_end "stop_registry $pid"
    for ((attempt = 0; attempt < 100; attempt++)); do
        port=$(sed -n 's/.*listening on 127\.0\.0\.1:\([0-9]*\).*/\1/p' "$folder/server.log")
        [[ -z $port ]] || break
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.1
    done
    [[ -n $port ]] || die "the registry $name did not start" "$(tail -n 5 "$folder/server.log")"
    printf -v "$name" '127.0.0.1:%s' "$port"
}

# stop_registry PID: and waits until it is gone.
stop_registry() {
    kill "$1" 2>/dev/null || return 0
    wait "$1" 2>/dev/null || true
}

# requests_so_far FOLDER: how many lines the registry's access log has.
requests_so_far() { wc -l <"$1/access.log"; }

# requests_since FOLDER COUNT: the requests after the first COUNT, as "METHOD /path".
requests_since() {
    tail -n "+$(($2 + 1))" "$1/access.log" | sed -n 's/^[^"]*"\([A-Z]* [^ ]*\) HTTP.*/\1/p'
}
