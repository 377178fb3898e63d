// SPDX-License-Identifier: Apache-2.0

/// The fields of an ELF file that identify the CPU architecture, the file type, the loader and the
/// required libraries.
///
/// Source: System V ABI, "ELF Header", "Program Header" and "Dynamic Section".
public struct ELFHeader: Hashable, Sendable {
    /// The type of an ELF file.
    public enum Kind: UInt16, Sendable {
        /// An object file or a kernel module.
        case relocatable = 1
        /// A program with a fixed address.
        case executable = 2
        /// A shared library or a position-independent program.
        case shared = 3
        /// A core dump.
        case core = 4
    }

    /// The libraries that a file requires.
    public enum Linkage: Hashable, Sendable {
        /// The file has no dynamic section and requires no library.
        case selfContained
        case dynamic(DynamicSection)
        /// The dynamic section is malformed, or beyond what a scan reads.
        case notChecked
    }

    /// The entries of a dynamic section that decide which libraries are loaded.
    public struct DynamicSection: Hashable, Sendable {
        /// The names of the required libraries, `DT_NEEDED`.
        public let needed: [[UInt8]]
        /// The name by which other files require this library, `DT_SONAME`.
        public let name: [UInt8]?
        /// The search path of this file's libraries, `DT_RUNPATH`.
        public let runPath: [UInt8]?
        /// The older search path, `DT_RPATH`, which also applies to the libraries of libraries.
        public let olderRunPath: [UInt8]?
        /// A Boolean value that indicates whether the default directories are searched.
        public let usesDefaultDirectories: Bool

        /// Creates a dynamic section.
        public init(
            needed: [[UInt8]], name: [UInt8]? = nil, runPath: [UInt8]? = nil,
            olderRunPath: [UInt8]? = nil, usesDefaultDirectories: Bool = true
        ) {
            self.needed = needed
            self.name = name
            self.runPath = runPath
            self.olderRunPath = olderRunPath
            self.usesDefaultDirectories = usesDefaultDirectories
        }

        /// The maximum number of required libraries.
        static let neededLimit = 1024
        /// The maximum length of a name or search path in bytes.
        static let textByteLimit = 4095

        /// The length of all strings.
        var texts: [[UInt8]] { needed + [name, runPath, olderRunPath].compactMap(\.self) }
    }

    /// The type of the file.
    public let kind: Kind
    /// The CPU architecture, `e_machine`.
    public let architecture: UInt16
    /// A Boolean value that indicates whether the file is in the 64-bit format.
    public let is64Bit: Bool
    /// A Boolean value that indicates whether the byte order is little-endian.
    public let isLittleEndian: Bool
    /// The absolute path of the required loader; `nil` if none is required.
    public let loader: [UInt8]?
    /// The libraries that the file requires.
    public let linkage: Linkage

    /// Creates a header.
    ///
    /// - Precondition: `loader` has at most ``loaderLimit`` bytes.
    public init(
        _ kind: Kind, architecture: UInt16, is64Bit: Bool = true, isLittleEndian: Bool = true,
        loader: [UInt8]? = nil, linkage: Linkage = .selfContained
    ) {
        precondition(
            (loader?.count ?? 0) <= Self.loaderLimit, "loader path must not exceed the limit")
        self.kind = kind
        self.architecture = architecture
        self.is64Bit = is64Bit
        self.isLittleEndian = isLittleEndian
        self.loader = loader
        self.linkage = linkage
    }

    /// The maximum length of a loader path.
    static let loaderLimit = 255

    /// Parses a whole file; `nil` if it does not begin with a header that a kernel accepts.
    public init?(_ bytes: ArraySlice<UInt8>) {
        guard case .finished(let header?) = ELFParser(FileSample(bytes)).next() else { return nil }
        self = header
    }
}
