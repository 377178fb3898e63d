// SPDX-License-Identifier: Apache-2.0

/// A writer of ELF files that contain only what identifies their CPU architecture.
///
/// Source: System V ABI, "ELF Header" and "Program Header".
public struct ELFFile: Sendable {
    /// `e_machine`.
    public var machine: UInt16
    /// `e_type`.
    public var kind: UInt16 = 2
    /// A Boolean value that indicates whether the file is 64-bit.
    public var is64Bit = true
    /// A Boolean value that indicates whether the byte order is little-endian.
    public var isLittleEndian = true
    /// The path of the loader, if there is one.
    public var loader: String?

    /// Creates a program.
    public init(
        machine: UInt16, kind: UInt16 = 2, is64Bit: Bool = true, isLittleEndian: Bool = true,
        loader: String? = nil
    ) {
        self.machine = machine
        self.kind = kind
        self.is64Bit = is64Bit
        self.isLittleEndian = isLittleEndian
        self.loader = loader
    }

    /// A static program for x86-64.
    public static let amd64 = ELFFile(machine: 62)
    /// A static program for AArch64.
    public static let arm64 = ELFFile(machine: 183)

    /// Returns the same program with a loader.
    public func loaded(by loader: String) -> ELFFile {
        var file = self
        file.loader = loader
        return file
    }

    /// Returns the same program as a shared library.
    public var library: ELFFile {
        var file = self
        file.kind = 3
        return file
    }

    /// The file's bytes: the header, one program header, the loader's path, and padding.
    public var bytes: [UInt8] {
        let headerSize: UInt64 = is64Bit ? 64 : 52
        let entrySize: UInt64 = is64Bit ? 56 : 32
        let text: [UInt8] = loader.map { Array($0.utf8) + [0] } ?? []
        let word = is64Bit ? 8 : 4
        var bytes: [UInt8] =
            [0x7F, 0x45, 0x4C, 0x46, is64Bit ? 2 : 1, isLittleEndian ? 1 : 2, 1, 0]
            + [UInt8](repeating: 0, count: 8)
        bytes += number(UInt64(kind), 2) + number(UInt64(machine), 2) + number(1, 4)
        bytes += number(0x40_0000, word) + number(headerSize, word) + number(0, word)
        bytes += number(0, 4) + number(headerSize, 2) + number(entrySize, 2)
        bytes += number(1, 2) + number(0, 2) + number(0, 2) + number(0, 2)
        let place = headerSize + entrySize
        let size = UInt64(text.count)
        let type = number(loader == nil ? 1 : 3, 4)
        bytes += type
        if is64Bit { bytes += number(4, 4) }
        for value in [place, 0, 0, size, size] { bytes += number(value, word) }
        if !is64Bit { bytes += number(4, 4) }
        bytes += number(1, word)
        return bytes + text + Array("not much of a program".utf8)
    }

    private func number(_ value: UInt64, _ count: Int) -> [UInt8] {
        let little = (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * UInt64($0))) }
        return isLittleEndian ? little : little.reversed()
    }
}
