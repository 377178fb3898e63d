# shellcheck shell=bash
# Real registries on loopback: Debian's docker-registry, each with separate storage, port and
# access log. Needs common.sh; call tidy_at_exit first.

# start_registry NAME DIRECTORY: sets NAME to "127.0.0.1:PORT". The system chooses the port,
# so concurrent runs do not conflict. DIRECTORY/access.log has one line per
# request, DIRECTORY/pid the process id of the server.
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
    # Created here, because the background shell may be slower than the first read.
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

# stop_registry PID: stops a registry and waits until it has exited.
stop_registry() {
    kill "$1" 2>/dev/null || return 0
    wait "$1" 2>/dev/null || true
}

# requests_so_far DIRECTORY: the number of lines in the registry's access log.
requests_so_far() { wc -l <"$1/access.log"; }

# requests_since DIRECTORY COUNT: the requests after the first COUNT, as "METHOD /path".
requests_since() {
    tail -n "+$(($2 + 1))" "$1/access.log" | sed -n 's/^[^"]*"\([A-Z]* [^ ]*\) HTTP.*/\1/p'
}
