// SPDX-License-Identifier: Apache-2.0

/// A writer of ELF files that contain only what identifies their CPU architecture, loader and
/// libraries.
///
/// Source: System V ABI, "ELF Header", "Program Header" and "Dynamic Section".
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
    /// The names of the required libraries.
    public var libraries: [String] = []
    /// The name by which other files require this library.
    public var name: String?
    /// `DT_RUNPATH`.
    public var runPath: String?
    /// `DT_RPATH`.
    public var olderRunPath: String?
    /// The number of bytes between the header and everything else, as in a file that `patchelf`
    /// changed.
    public var gap = 0

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

    /// Returns the same program with required libraries.
    public func needing(_ libraries: String..., runPath: String? = nil) -> ELFFile {
        var file = self
        file.libraries = libraries
        file.runPath = runPath
        return file
    }

    /// The file's bytes: the header, the gap, the program headers, the loader's path, the dynamic
    /// section with its strings, and padding.
    public var bytes: [UInt8] {
        let headerSize = is64Bit ? 64 : 52
        let entrySize = is64Bit ? 56 : 32
        let word = is64Bit ? 8 : 4
        let text: [UInt8] = loader.map { Array($0.utf8) + [0] } ?? []
        let dynamic = dynamicSection
        let count = 1 + (loader == nil ? 0 : 1) + (dynamic == nil ? 0 : 1)
        let table = headerSize + gap
        let loaderOffset = table + count * entrySize
        let dynamicOffset = loaderOffset + text.count
        let dynamicSize = dynamic.map { ($0.values.count + 6) * word } ?? 0
        let strings = dynamic?.strings ?? []
        let size = dynamicOffset + dynamicSize + strings.count

        var bytes: [UInt8] =
            [0x7F, 0x45, 0x4C, 0x46, is64Bit ? 2 : 1, isLittleEndian ? 1 : 2, 1, 0]
            + [UInt8](repeating: 0, count: 8)
        bytes += number(UInt64(kind), 2) + number(UInt64(machine), 2) + number(1, 4)
        bytes += number(0x40_0000, word) + number(UInt64(table), word) + number(0, word)
        bytes += number(0, 4) + number(UInt64(headerSize), 2) + number(UInt64(entrySize), 2)
        bytes += number(UInt64(count), 2) + number(0, 2) + number(0, 2) + number(0, 2)
        bytes += [UInt8](repeating: 0, count: gap)
        bytes += segment(1, 0, size)
        if loader != nil { bytes += segment(3, loaderOffset, text.count) }
        if dynamic != nil { bytes += segment(2, dynamicOffset, dynamicSize) }
        bytes += text
        for value in dynamic?.entries(stringOffset: dynamicOffset + dynamicSize) ?? [] {
            bytes += number(UInt64(value), word)
        }
        return bytes + strings + Array("not much of a program".utf8)
    }

    /// The address of the first byte in memory.
    private static let address = 0x1000

    private func segment(_ type: Int, _ offset: Int, _ size: Int) -> [UInt8] {
        let word = is64Bit ? 8 : 4
        var bytes = number(UInt64(type), 4)
        if is64Bit { bytes += number(4, 4) }
        for value in [offset, Self.address + offset, 0, size, size] {
            bytes += number(UInt64(value), word)
        }
        if !is64Bit { bytes += number(4, 4) }
        return bytes + number(1, word)
    }

    private struct DynamicSection {
        let strings: [UInt8]
        /// Tags and offsets of strings.
        let values: [Int]

        func entries(stringOffset: Int) -> [Int] {
            values + [5, ELFFile.address + stringOffset, 10, strings.count, 0, 0]
        }
    }

    private var dynamicSection: DynamicSection? {
        let texts =
            libraries.map { (1, $0) }
            + [(14, name), (29, runPath), (15, olderRunPath)].compactMap { tag, text in
                text.map { (tag, $0) }
            }
        guard !texts.isEmpty else { return nil }
        var strings: [UInt8] = [0]
        var values: [Int] = []
        for (tag, text) in texts {
            values += [tag, strings.count]
            strings += Array(text.utf8) + [0]
        }
        return DynamicSection(strings: strings, values: values)
    }

    private func number(_ value: UInt64, _ count: Int) -> [UInt8] {
        let little = (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * UInt64($0))) }
        return isLittleEndian ? little : little.reversed()
    }
}
