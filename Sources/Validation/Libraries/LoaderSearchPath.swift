// SPDX-License-Identifier: Apache-2.0

internal import LayerScanning
internal import OCI

/// The directories in which the loader of a program looks for libraries.
///
/// Source: glibc, ld.so(8) and elf/dl-load.c; musl, ldso/dynlink.c.
struct LoaderSearchPath {
    /// The C library that a loader belongs to.
    enum Family: Hashable {
        case glibc
        case musl
    }

    let family: Family
    /// The directories of `LD_LIBRARY_PATH`; `nil` if it is not set.
    let environment: [[UInt8]]?
    /// The directories that are searched for every program.
    let defaults: [[UInt8]]
    /// The directories of `/etc/ld.so.conf`, which `ldconfig` reads when it writes the cache.
    let configured: [[UInt8]]
    /// The cache of glibc.
    let cache: LoaderCache?
    /// A Boolean value that indicates whether a configuration or the environment is not known
    /// completely.
    let isIncomplete: Bool
    /// The directories that may be mounted over at run time.
    let volumes: [LayerPath]
    private let architecture: CPUArchitecture

    /// Creates the search path of a program; `nil` for an unknown loader.
    init?(
        _ program: StartedPrograms.Program, in rootFileSystem: RootFileSystem,
        config: ImageConfig
    ) {
        let header = program.header
        guard let loader = header.loader, let family = Self.family(of: loader) else { return nil }
        self.family = family
        architecture = CPUArchitecture(header)
        volumes = config.volumes.map { LayerPath($0) }
        environment =
            if case .value(let text) = program.libraryPath {
                Self.directories(Array(text.utf8), separators: [0x3A, 0x3B])
            } else { nil }
        let files = rootFileSystem.loaderConfigurations()
        let relevant = files.filter { path, _ in
            Self.isMusl(path) == (family == .musl)
        }
        isIncomplete =
            relevant.contains { !$0.1.isComplete } || program.libraryPath == .unknown
        // The directory of the loader itself is one of the default directories of its C library.
        let own = LayerPath(loader).directory.map { Array($0.description.utf8) } ?? []
        switch family {
        case .musl:
            let text = relevant.first?.1.bytes
            defaults =
                text.map { Self.directories($0, separators: [0x0A, 0x3A]) }
                ?? ["/lib", "/usr/local/lib", "/usr/lib"].map { Array($0.utf8) }
            configured = []
            cache = nil
        case .glibc:
            let names = ["/lib", "/usr/lib", "/lib64", "/usr/lib64", "/lib32", "/usr/lib32"]
            let triplet = Self.triplets[architecture.description].map {
                ["/lib/\($0)", "/usr/lib/\($0)"]
            }
            defaults = [own] + (names + (triplet ?? [])).map { Array($0.utf8) }
            let isCache = { (path: LayerPath) in path.name.elementsEqual("ld.so.cache".utf8) }
            cache = relevant.first { isCache($0.0) }.flatMap {
                LoaderCache($0.1.bytes, isLittleEndian: header.isLittleEndian)
            }
            configured = relevant.filter { !isCache($0.0) }.flatMap {
                Self.configuredDirectories($0.1.bytes)
            }
        }
    }

    private static func family(of loader: [UInt8]) -> Family? {
        let name = LayerPath(loader).name
        if name.starts(with: "ld-musl-".utf8) { return .musl }
        let isGlibc = ["ld-linux", "ld64.so", "ld.so.", "ld-2."].contains {
            name.starts(with: $0.utf8)
        }
        return isGlibc ? .glibc : nil
    }

    private static func isMusl(_ path: LayerPath) -> Bool {
        path.name.starts(with: "ld-musl-".utf8)
    }

    private static func directories(
        _ text: [UInt8], separators: Set<UInt8>
    ) -> [[UInt8]] {
        text.split(whereSeparator: separators.contains).map(Array.init)
    }

    /// Returns the directories in the lines of a file, without comments and `include`.
    private static func configuredDirectories(_ text: [UInt8]) -> [[UInt8]] {
        text.split(separator: 0x0A).compactMap { line in
            let line = line.prefix { $0 != UInt8(ascii: "#") }.filter {
                $0 != 0x20 && $0 != 0x09 && $0 != 0x0D
            }
            return line.first == UInt8(ascii: "/") ? Array(line) : nil
        }
    }

    /// Debian's directories for several CPU architectures.
    ///
    /// Source: Debian, Multiarch/Tuples.
    private static let triplets = [
        "386": "i386-linux-gnu", "amd64": "x86_64-linux-gnu", "arm": "arm-linux-gnueabihf",
        "arm64": "aarch64-linux-gnu", "loong64": "loongarch64-linux-gnu",
        "mips64le": "mips64el-linux-gnuabi64", "mipsle": "mipsel-linux-gnu",
        "ppc64le": "powerpc64le-linux-gnu", "riscv64": "riscv64-linux-gnu",
        "s390x": "s390x-linux-gnu",
    ]

    /// Returns the directories of a run path, with `$ORIGIN`, `$LIB` and `$PLATFORM` replaced.
    func expand(_ runPath: [UInt8], origins: [LayerPath]) -> [[UInt8]] {
        let triplet = Self.triplets[architecture.description] ?? ""
        return Self.directories(runPath, separators: [0x3A]).flatMap { word -> [[UInt8]] in
            let text = String(decoding: word, as: UTF8.self)
            guard text.contains("$") else { return [word] }
            return origins.flatMap { origin in
                let libraries =
                    text.contains("LIB") ? ["lib64", "lib/\(triplet)", "lib"] : ["lib"]
                return libraries.map { library in
                    var path = text
                    let platform = triplet.prefix { $0 != "-" }
                    for (name, value) in [
                        ("ORIGIN", origin.description), ("LIB", library),
                        ("PLATFORM", String(platform)),
                    ] {
                        path.replace("${\(name)}", with: value)
                        path.replace("$\(name)", with: value)
                    }
                    return Array(path.utf8)
                }
            }
        }
    }
}

/// The cache of glibc's loader, `/etc/ld.so.cache`: the paths of libraries by name.
///
/// Source: glibc, sysdeps/generic/dl-cache.h.
struct LoaderCache {
    private let paths: [[UInt8]: [[UInt8]]]

    private static let oldMagic = Array("ld.so-1.7.0\0".utf8)
    private static let magic = Array("glibc-ld.so.cache1.1".utf8)
    private static let oldHeaderSize = 16
    private static let oldEntrySize = 12
    private static let headerSize = 48
    private static let entrySize = 24

    /// Parses a cache; `nil` for other bytes.
    init?(_ bytes: [UInt8], isLittleEndian: Bool) {
        func number(at offset: Int) -> Int? {
            guard offset >= 0, offset <= bytes.count - 4 else { return nil }
            let word = bytes[offset..<offset + 4]
            let ordered = isLittleEndian ? Array(word.reversed()) : Array(word)
            return ordered.reduce(0) { $0 << 8 | Int($1) }
        }
        var start = 0
        // An older format may come first; the current one follows at a multiple of eight.
        if bytes.starts(with: Self.oldMagic) {
            guard let count = number(at: 12), count <= bytes.count / Self.oldEntrySize else {
                return nil
            }
            start = (Self.oldHeaderSize + count * Self.oldEntrySize + 7) / 8 * 8
        }
        guard start <= bytes.count, bytes[start...].starts(with: Self.magic),
            let count = number(at: start + 20), count <= bytes.count / Self.entrySize
        else { return nil }
        func text(_ offset: Int?) -> [UInt8]? {
            guard let offset, offset < bytes.count - start else { return nil }
            return Array(bytes[(start + offset)...].prefix { $0 != 0 })
        }
        var paths: [[UInt8]: [[UInt8]]] = [:]
        for index in 0..<count {
            let entry = start + Self.headerSize + index * Self.entrySize
            guard let name = text(number(at: entry + 4)), let path = text(number(at: entry + 8))
            else { return nil }
            paths[name, default: []].append(path)
        }
        self.paths = paths
    }

    /// Returns the paths of the libraries with a name, which may be for several CPU architectures.
    subscript(name: [UInt8]) -> [[UInt8]] { paths[name] ?? [] }
}
