// SPDX-License-Identifier: Apache-2.0

/// Parses an ELF file from a sample of its bytes.
///
/// A file is read only once. If the parser needs bytes that come later, it says so and is called
/// again: tools that change a loader put the tables at the end of the file.
struct ELFParser {
    /// The result of parsing the known bytes.
    enum Step {
        /// The header; `nil` if the file does not begin with one that a kernel accepts.
        case finished(ELFHeader?)
        /// More bytes are necessary.
        case needs(Range<Int>)
    }

    private let sample: FileSample
    private var is64Bit = false
    private var isLittleEndian = false

    /// The maximum size of the table of program headers.
    ///
    /// Source: Linux, `load_elf_phdrs`.
    private static let tableByteLimit = 64 << 10
    /// The maximum number of entries of a dynamic section.
    private static let dynamicEntryLimit = 4096

    init(_ sample: FileSample) {
        self.sample = sample
    }

    /// Parses the bytes that are known.
    func next() -> Step {
        var parser = self
        do throws(FileSample.Gap) {
            return .finished(try parser.header())
        } catch {
            return switch error {
            case .unread(let range): .needs(range)
            case .unavailable: .finished(nil)
            }
        }
    }

    private mutating func header() throws(FileSample.Gap) -> ELFHeader? {
        let identification = Array(try sample.bytes(at: 0, count: 20))
        guard identification.starts(with: [0x7F, 0x45, 0x4C, 0x46]),
            // Version 1 is the only one.
            (1...2).contains(identification[4]), (1...2).contains(identification[5]),
            identification[6] == 1
        else { return nil }
        is64Bit = identification[4] == 2
        isLittleEndian = identification[5] == 1
        _ = try sample.bytes(at: 0, count: is64Bit ? 64 : 52)
        guard let kind = ELFHeader.Kind(rawValue: UInt16(try number(at: 16, bytes: 2))) else {
            return nil
        }
        let architecture = UInt16(try number(at: 18, bytes: 2))
        // 0 is not an architecture.
        guard architecture != 0 else { return nil }
        var loader: [UInt8]?
        var linkage = ELFHeader.Linkage.selfContained
        if kind == .executable || kind == .shared {
            do throws(FileSample.Gap) {
                let segments = try segments()
                loader = try self.loader(in: segments)
                linkage = try self.linkage(in: segments)
            } catch {
                guard case .unavailable = error else { throw error }
                linkage = .notChecked
            }
        }
        return ELFHeader(
            kind, architecture: architecture, is64Bit: is64Bit, isLittleEndian: isLittleEndian,
            loader: loader, linkage: linkage)
    }

    // MARK: Program headers

    /// A part of the file that a program header describes.
    private struct Segment {
        let type: Int
        let offset: Int
        let address: Int
        let size: Int

        static let load = 1
        static let dynamic = 2
        static let loader = 3
    }

    private func segments() throws(FileSample.Gap) -> [Segment] {
        let table = try number(at: is64Bit ? 32 : 28, bytes: is64Bit ? 8 : 4)
        let entrySize = try number(at: is64Bit ? 54 : 42, bytes: 2)
        let count = try number(at: is64Bit ? 56 : 44, bytes: 2)
        guard count > 0 else { return [] }
        guard entrySize >= (is64Bit ? 56 : 32), entrySize * count <= Self.tableByteLimit else {
            throw .unavailable
        }
        _ = try sample.bytes(at: table, count: entrySize * count)
        let word = is64Bit ? 8 : 4
        var segments: [Segment] = []
        for index in 0..<count {
            let entry = table + index * entrySize
            segments.append(
                Segment(
                    type: try number(at: entry, bytes: 4),
                    offset: try number(at: entry + (is64Bit ? 8 : 4), bytes: word),
                    address: try number(at: entry + (is64Bit ? 16 : 8), bytes: word),
                    size: try number(at: entry + (is64Bit ? 32 : 16), bytes: word)))
        }
        return segments
    }

    private func loader(in segments: [Segment]) throws(FileSample.Gap) -> [UInt8]? {
        guard let segment = segments.first(where: { $0.type == Segment.loader }) else { return nil }
        guard (2...ELFHeader.loaderLimit + 1).contains(segment.size) else { throw .unavailable }
        let text = try sample.bytes(at: segment.offset, count: segment.size)
        // A kernel finds no loader with an empty name.
        guard text.last == 0, text.first != 0 else { throw .unavailable }
        return Array(text.prefix { $0 != 0 })
    }

    // MARK: The dynamic section

    /// The values of the entries that decide which libraries are loaded.
    ///
    /// Source: System V ABI, "Dynamic Section"; glibc, elf.h, for `DT_FLAGS_1`.
    private struct DynamicEntries {
        var needed: [Int] = []
        var strings: Int?
        var name: Int?
        var runPath: Int?
        var olderRunPath: Int?
        var flags = 0

        /// The offsets of all strings.
        var offsets: [Int] { needed + [name, runPath, olderRunPath].compactMap(\.self) }

        /// `DF_1_NODEFLIB`.
        static let noDefaultDirectories = 0x800
    }

    private func linkage(in segments: [Segment]) throws(FileSample.Gap) -> ELFHeader.Linkage {
        guard let segment = segments.first(where: { $0.type == Segment.dynamic }) else {
            return .selfContained
        }
        let entries = try entries(of: segment)
        guard let last = entries.offsets.max(), let first = entries.offsets.min() else {
            return .dynamic(
                ELFHeader.DynamicSection(
                    needed: [],
                    usesDefaultDirectories: entries.flags & DynamicEntries.noDefaultDirectories == 0
                ))
        }
        guard let address = entries.strings,
            let load = segments.first(where: {
                $0.type == Segment.load && $0.address <= address && address - $0.address < $0.size
            })
        else { throw .unavailable }
        let table = try Self.sum(load.offset, address - load.address)
        let end = try Self.sum(load.offset, load.size)
        // All strings are requested at once, because each request may have to wait for later bytes.
        let start = try Self.sum(table, first)
        let limit = try Self.sum(
            try Self.sum(table, last), ELFHeader.DynamicSection.textByteLimit + 1)
        guard start < end else { throw .unavailable }
        let strings = try sample.bytes(at: start, count: min(limit, end) - start)
        func text(_ offset: Int) throws(FileSample.Gap) -> [UInt8] {
            let text = strings.dropFirst(offset - first).prefix { $0 != 0 }
            guard text.endIndex < strings.endIndex,
                text.count <= ELFHeader.DynamicSection.textByteLimit
            else { throw .unavailable }
            return Array(text)
        }
        var needed: [[UInt8]] = []
        for offset in entries.needed { needed.append(try text(offset)) }
        return .dynamic(
            ELFHeader.DynamicSection(
                needed: needed,
                name: try entries.name.map { offset throws(FileSample.Gap) in try text(offset) },
                runPath: try entries.runPath.map { offset throws(FileSample.Gap) in
                    try text(offset)
                },
                olderRunPath: try entries.olderRunPath.map { offset throws(FileSample.Gap) in
                    try text(offset)
                },
                usesDefaultDirectories: entries.flags & DynamicEntries.noDefaultDirectories == 0))
    }

    private func entries(of segment: Segment) throws(FileSample.Gap) -> DynamicEntries {
        let word = is64Bit ? 8 : 4
        let count = segment.size / (2 * word)
        guard count <= Self.dynamicEntryLimit else { throw .unavailable }
        _ = try sample.bytes(at: segment.offset, count: count * 2 * word)
        var entries = DynamicEntries()
        for index in 0..<count {
            let entry = segment.offset + index * 2 * word
            let tag = try number(at: entry, bytes: word)
            // The values of other entries may exceed the range of an offset.
            guard tag != 0 else { break }
            guard [1, 5, 14, 15, 29, 0x6FFF_FFFB].contains(tag) else { continue }
            let value = try number(at: entry + word, bytes: word)
            switch tag {
            case 1: entries.needed.append(value)
            case 5: entries.strings = value
            case 14: entries.name = value
            case 15: entries.olderRunPath = value
            case 29: entries.runPath = value
            default: entries.flags = value
            }
        }
        guard entries.needed.count <= ELFHeader.DynamicSection.neededLimit else {
            throw .unavailable
        }
        return entries
    }

    // MARK: Numbers

    /// Returns a number in the byte order of the file.
    ///
    /// - Throws: `unavailable` if it exceeds every size.
    private func number(at offset: Int, bytes count: Int) throws(FileSample.Gap) -> Int {
        let word = try sample.bytes(at: offset, count: count)
        var number: UInt64 = 0
        if isLittleEndian {
            for byte in word.reversed() { number = number << 8 | UInt64(byte) }
        } else {
            for byte in word { number = number << 8 | UInt64(byte) }
        }
        guard let number = Int(exactly: number) else { throw .unavailable }
        return number
    }

    private static func sum(_ first: Int, _ second: Int) throws(FileSample.Gap) -> Int {
        let (sum, overflows) = first.addingReportingOverflow(second)
        guard !overflows, sum >= 0 else { throw .unavailable }
        return sum
    }
}
