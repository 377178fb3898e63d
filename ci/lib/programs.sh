# shellcheck shell=bash
# The programs in the demo images: Debian's busybox, or a generated program if Debian is not
# reachable or must not be used. Needs apt-private.sh.

# tiny_program ARCHITECTURE FILE: writes an ELF executable of 132 bytes that exits 0.
tiny_program() {
    local machine code
    case $1 in
        amd64) # xor edi, edi; mov eax, 60 (exit); syscall; nop; nop; nop
            machine='\x3e' code='\x31\xff\xb8\x3c\0\0\0\x0f\x05\x90\x90\x90' ;;
        arm64) # mov x0, #0; mov x8, #93 (exit); svc #0
            machine='\xb7' code='\0\0\x80\xd2\xa8\x0b\x80\xd2\x01\0\0\xd4' ;;
    esac
    {
        printf '\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0'    # 64 bit, little-endian, System V
        printf '\x02\0%b\0\x01\0\0\0' "$machine"           # an executable; its machine
        printf '\x78\0\x40\0\0\0\0\0\x40\0\0\0\0\0\0\0'    # entry 0x400078; program headers at 64
        printf '\0\0\0\0\0\0\0\0\0\0\0\0\x40\0\x38\0\x01\0' # no sections; one program header
        printf '\0\0\0\0\0\0'
        printf '\x01\0\0\0\x05\0\0\0\0\0\0\0\0\0\0\0'      # load, read and execute, from offset 0
        printf '\0\0\x40\0\0\0\0\0\0\0\x40\0\0\0\0\0'      # to 0x400000
        printf '\x84\0\0\0\0\0\0\0\x84\0\0\0\0\0\0\0'      # 132 bytes
        printf '\0\0\x01\0\0\0\0\0'                        # aligned to 64 KiB
        printf '%b' "$code"
    } >"$2"
    chmod 755 "$2"
}

# root_with_busybox ARCHITECTURE ROOT SCRATCH: fills ROOT with bin/busybox, bin/sh and bin/nc;
# prints the type of busybox.
root_with_busybox() {
    local architecture=$1 root=$2 scratch=$3 deb
    mkdir -p "$root/bin"
    if fetch_debs "$architecture" "$scratch" busybox-static; then
        deb=$(find "$scratch" -maxdepth 1 -name '*.deb')
        dpkg-deb --fsys-tarfile "$deb" |
            tar --extract --to-stdout --wildcards '*/bin/busybox' >"$root/bin/busybox"
        chmod 755 "$root/bin/busybox"
        printf 'Debian busybox-static %s' "$(dpkg-deb --field "$deb" Version)"
        name_applets "$root"
    else
        root_with_own_program "$architecture" "$root"
        printf ' (busybox-static could not be fetched)'
    fi
}

# root_with_own_program ARCHITECTURE ROOT: the same with a generated program.
root_with_own_program() {
    mkdir -p "$2/bin"
    tiny_program "$1" "$2/bin/busybox"
    printf 'a 132-byte program'
    name_applets "$2"
}

name_applets() {
    ln -s busybox "$1/bin/sh"
    ln -s busybox "$1/bin/nc"
}
