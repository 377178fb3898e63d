"""Services and scripts of Debian packages, started as packaged."""
from images import DEBIAN, Image, Layer
from layers import Debs, Directory, File, FromPackage, Link, Whiteout, hard_coded, other

from .forms import ARM64_FAILS

_layers = {}


def package_layer(package):
    return _layers.setdefault(package, Layer(Debs((package,))))


def service(package, *words, name="", why="", layers=(), starts=True, **more):
    """An image with one package and what it depends on."""
    return Image(f"debian-{name or package}", why or f"{words[0]} of the package {package}",
        [DEBIAN, package_layer(package), *layers], cmd=list(words), starts=starts, real=True, **more)


def swapped(package, *words, program, owner="", path=None, name="", **more):
    """The same with one program for the other architecture, and with an amd64 download of it."""
    file = FromPackage(owner or package, program, path)
    name = name or package
    yield service(package, *words, name=f"{name}-foreign", why=f"{program} of the other architecture",
        layers=[Layer(other(file))], starts=False, **more)
    yield service(package, *words, name=f"{name}-hard-coded", why=f"{program} is an amd64 download",
        layers=[Layer(hard_coded(file))], starts=ARM64_FAILS, **more)


IMAGES = [
    service("nginx-light", "nginx", "-v"),
    *swapped("nginx-light", "nginx", "-v", owner="nginx", program="usr/sbin/nginx"),
    service("nginx-light", "sh", "-c", "nginx -v && exec nginx -V", name="nginx-shell"),
    service("apache2", "apache2ctl", "-v", why="a shell script that starts apache2"),
    *swapped("apache2", "apache2ctl", "-v", owner="apache2-bin", program="usr/sbin/apache2"),
    service("redis-server", "redis-server", "--version"),
    *swapped("redis-server", "redis-server", "--version", owner="redis-tools", program="usr/bin/redis-check-rdb"),
    service("memcached", "memcached", "--version"),
    service("postgresql-client-15", "psql", "--version", name="psql",
        why="a Perl script that chooses the version and starts psql"),
    service("postgresql-client-15", "/usr/lib/postgresql/15/bin/psql", "--version", name="psql-direct"),
    service("postgresql-client-15", "/usr/lib/postgresql/15/bin/psql", "--version", name="psql-without-libpq",
        why="libpq is removed", layers=[Layer(Whiteout("usr/lib/@triplet@/libpq.so.5"))], starts=False),
    service("pgbouncer", "pgbouncer", "--version"),
    service("sqlite3", "sqlite3", "--version"),
    service("haproxy", "haproxy", "-v"),
    service("lighttpd", "lighttpd", "-v"),
    service("dnsmasq-base", "dnsmasq", "--version"),
    service("tor", "tor", "--version"),
    service("socat", "socat", "-V"),
    service("dropbear-bin", "dropbear", "-V"),
    service("supervisor", "supervisord", "--version", why="a Python script"),
    *swapped("supervisor", "supervisord", "--version", owner="python3.11-minimal", program="usr/bin/python3.11"),
    service("gunicorn", "gunicorn", "--version"),
    service("nats-server", "nats-server", "--version"),
    service("docker-registry", "docker-registry", "--version"),
    service("prometheus-node-exporter", "prometheus-node-exporter", "--version"),
    service("keepalived", "keepalived", "--version"),
    service("dbus", "dbus-daemon", "--version"),
    service("eatmydata", "eatmydata", "true", why="a shell script that preloads a library"),
    service("gzip", "gunzip", "-L", name="gunzip", why="a shell script that starts gzip"),
    *swapped("gzip", "gunzip", "-L", program="bin/gzip", name="gunzip"),
    service("gzip", "sh", "-c", "echo text | gzip | zcat", name="zcat", why="shell text with a pipe to a script"),
    service("xz-utils", "xzgrep", "--version", name="xzgrep", why="a shell script"),
    service("bzip2", "bzip2", "--help"),
    service("libc-bin", "ldd", "/bin/bash", name="ldd", why="a bash script that starts the loader"),
    service("debianutils", "which", "sh", name="which", why="a shell script",
        layers=[Layer(Link("usr/bin/which", "which.debianutils"))]),
    service("debianutils", "run-parts", "--test", "/etc", name="run-parts"),
    service("ca-certificates", "update-ca-certificates", "--help", name="update-ca-certificates",
        why="a shell script with options"),
    service("wireguard-tools", "wg", "--version", name="wireguard"),
    service("daemontools", "setuidgid", "nobody", "/bin/true", name="setuidgid"),
    service("daemontools", "envdir", "/etc/env", "/bin/true", name="envdir",
        layers=[Layer(Directory("etc/env"), File("etc/env/A", "1\n", 0o644))]),
    service("dpkg", "start-stop-daemon", "--start", "--exec", "/bin/true", name="start-stop-daemon"),
    service("tini", "tini", "--version"),
    service("dumb-init", "dumb-init", "/bin/true"),
    service("catatonit", "catatonit", "--", "/bin/true"),
    service("gosu", "gosu", "nobody", "true"),
    *swapped("gosu", "gosu", "nobody", "true", program="usr/sbin/gosu"),
    service("runit", "chpst", "-u", "nobody", "/bin/true", name="chpst"),
    service("busybox-static", "busybox", "true"),
    *swapped("busybox-static", "busybox", "true", program="bin/busybox"),
    service("jq", "jq", "--version"),
    service("curl", "curl", "--version"),
    *swapped("curl", "curl", "--version", owner="libcurl4", program="usr/lib/*/libcurl.so.4.*", name="curl-library"),
    service("curl", "curl", "--version", name="curl-without-library", why="a library of curl is removed",
        layers=[Layer(Whiteout("usr/lib/@triplet@/libnghttp2.so.14"))], starts=False),
    service("rsync", "rsync", "--version"),
    service("fcgiwrap", "fcgiwrap", "-h"),
    service("spawn-fcgi", "spawn-fcgi", "-v"),
    service("unbound", "unbound", "-V"),
    service("stunnel4", "stunnel4", "-version"),
    service("uwsgi-core", "uwsgi-core", "--version"),
]
