// SPDX-License-Identifier: Apache-2.0

/// The fields of an ELF header that identify the CPU architecture, the file type and the loader.
///
/// Source: System V ABI, "ELF Header" and "Program Header".
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

    /// Creates a header.
    ///
    /// - Precondition: `loader` has at most ``loaderLimit`` bytes.
    public init(
        _ kind: Kind, architecture: UInt16, is64Bit: Bool = true, isLittleEndian: Bool = true,
        loader: [UInt8]? = nil
    ) {
        precondition((loader?.count ?? 0) <= Self.loaderLimit, "a loader's path is short")
        self.kind = kind
        self.architecture = architecture
        self.is64Bit = is64Bit
        self.isLittleEndian = isLittleEndian
        self.loader = loader
    }

    /// The number of bytes of a file that are read.
    static let sampleByteCount = 4096
    /// The maximum length of a loader path.
    static let loaderLimit = 255

    /// Parses the first bytes of a file; `nil` if they are not a header that a kernel accepts.
    public init?(_ bytes: ArraySlice<UInt8>) {
        let bytes = bytes.prefix(Self.sampleByteCount)
        guard bytes.starts(with: [0x7F, 0x45, 0x4C, 0x46]), bytes.count >= 20 else { return nil }
        let start = bytes.startIndex
        let (is64Bit, isLittleEndian): (Bool, Bool)
        switch bytes[start + 4] {
        case 1: is64Bit = false
        case 2: is64Bit = true
        default: return nil
        }
        switch bytes[start + 5] {
        case 1: isLittleEndian = true
        case 2: isLittleEndian = false
        default: return nil
        }
        let reader = ByteReader(bytes: bytes, isLittleEndian: isLittleEndian)
        // Version 1 is the only one, and 0 is not an architecture.
        guard bytes[start + 6] == 1, bytes.count >= (is64Bit ? 64 : 52),
            let kind = reader.number(at: 16, bytes: 2).flatMap({ Kind(rawValue: UInt16($0)) }),
            let architecture = reader.number(at: 18, bytes: 2), architecture != 0
        else { return nil }
        self.kind = kind
        self.architecture = UInt16(architecture)
        self.is64Bit = is64Bit
        self.isLittleEndian = isLittleEndian
        self.loader = reader.loader(is64Bit: is64Bit)
    }
}

/// Reads numbers in the byte order of a file, never outside the sample.
private struct ByteReader {
    let bytes: ArraySlice<UInt8>
    let isLittleEndian: Bool

    func number(at offset: Int, bytes count: Int) -> UInt64? {
        guard offset >= 0, offset <= bytes.count, bytes.count - offset >= count else { return nil }
        let word = bytes[(bytes.startIndex + offset)...].prefix(count)
        let ordered = isLittleEndian ? Array(word.reversed()) : Array(word)
        return ordered.reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// Returns the path in the segment of the type `PT_INTERP`, if the sample contains it.
    func loader(is64Bit: Bool) -> [UInt8]? {
        guard let table = number(at: is64Bit ? 32 : 28, bytes: is64Bit ? 8 : 4),
            let entrySize = number(at: is64Bit ? 54 : 42, bytes: 2),
            let count = number(at: is64Bit ? 56 : 44, bytes: 2),
            entrySize >= (is64Bit ? 56 : 32), var entry = Int(exactly: table)
        else { return nil }
        for _ in 0..<count {
            guard let type = number(at: entry, bytes: 4) else { return nil }
            if type == 3 {
                let offset = number(
                    at: entry + (is64Bit ? 8 : 4), bytes: is64Bit ? 8 : 4)
                let size = number(at: entry + (is64Bit ? 32 : 16), bytes: is64Bit ? 8 : 4)
                return offset.flatMap { offset in size.flatMap { text(at: offset, bytes: $0) } }
            }
            let (next, overflows) = entry.addingReportingOverflow(Int(entrySize))
            guard !overflows else { return nil }
            entry = next
        }
        return nil
    }

    private func text(at offset: UInt64, bytes count: UInt64) -> [UInt8]? {
        guard let offset = Int(exactly: offset), offset <= bytes.count,
            let count = Int(exactly: count), count <= bytes.count - offset,
            (2...ELFHeader.loaderLimit + 1).contains(count)
        else { return nil }
        let text = bytes[(bytes.startIndex + offset)...].prefix(count)
        guard text.last == 0 else { return nil }
        return Array(text.prefix { $0 != 0 })
    }
}
