// SPDX-License-Identifier: Apache-2.0

/// One header block of a tar archive.
///
/// It accepts and rejects what Go's reader does, because container runtimes use that.
///
/// Source: POSIX.1-1988 and GNU tar; Go, archive/tar, `readHeader`.
struct TarHeader {
    /// The type flags that a layer may have, and those of headers about the next entry.
    enum Kind: UInt8 {
        case file = 0x30
        case hardLink = 0x31
        case symbolicLink = 0x32
        case characterDevice = 0x33
        case blockDevice = 0x34
        case directory = 0x35
        case pipe = 0x36
        case globalRecords = 0x67
        case records = 0x78
        case longName = 0x4C
        case longLink = 0x4B

        /// A Boolean value that indicates whether no content follows, whatever the size is.
        var hasNoContent: Bool {
            switch self {
            case .hardLink, .symbolicLink, .characterDevice, .blockDevice, .directory, .pipe: true
            default: false
            }
        }
    }

    static let byteCount = 512

    /// The type; `nil` for one that runtimes reject.
    var kind: Kind?
    var name: [UInt8]
    var linkName: [UInt8]
    var size: Int
    /// The permissions.
    let mode: Int

    /// Parses a block; `nil` if it is not a header.
    init?(_ block: [UInt8]) {
        guard block.count == Self.byteCount, Self.hasValidChecksum(block),
            let mode = Self.number(block[100..<108]), let size = Self.number(block[124..<136]),
            Self.number(block[108..<116]) != nil, Self.number(block[116..<124]) != nil,
            Self.number(block[136..<148]) != nil
        else { return nil }
        self.mode = mode
        self.size = size
        name = Self.text(block[0..<100])
        linkName = Self.text(block[157..<257])
        // Version 7 has no magic number and no other fields.
        if block[257..<262].elementsEqual("ustar".utf8) {
            guard Self.number(block[329..<337]) != nil, Self.number(block[337..<345]) != nil else {
                return nil
            }
            let isPOSIX = block[262] == 0
            let isStar = isPOSIX && block[508..<512].elementsEqual("tar\0".utf8)
            let prefix = isPOSIX ? Self.text(block[345..<(isStar ? 476 : 500)]) : []
            if !prefix.isEmpty { name = prefix + [UInt8(ascii: "/")] + name }
        }
        kind = Kind(rawValue: block[156])
        if block[156] == 0 { kind = .file }
        isOld = block[156] == 0
    }

    /// A Boolean value that indicates whether a slash at the end of the name means a directory.
    private let isOld: Bool

    /// Applies what headers before this one state.
    ///
    /// - Returns: Whether they are valid.
    mutating func merge(_ records: TarRecords) -> Bool {
        name = records.name ?? name
        linkName = records.linkName ?? linkName
        size = records.size ?? size
        if isOld, name.last == UInt8(ascii: "/") { kind = .directory }
        if kind?.hasNoContent ?? false { size = 0 }
        name = records.sparseName ?? name
        return size >= 0
    }

    private static func hasValidChecksum(_ block: [UInt8]) -> Bool {
        guard let stated = octal(block[148..<156]) else { return false }
        // The checksum is computed with spaces in its own field.
        var (unsigned, signed) = (8 * 0x20, 8 * 0x20)
        for index in 0..<Self.byteCount where index < 148 || index >= 156 {
            unsigned += Int(block[index])
            signed += Int(Int8(bitPattern: block[index]))
        }
        return stated == unsigned || stated == signed
    }

    /// Returns the bytes before the first null byte.
    static func text(_ field: ArraySlice<UInt8>) -> [UInt8] {
        Array(field.prefix { $0 != 0 })
    }

    /// Returns a number in octal digits or, if the first bit is set, in binary.
    private static func number(_ field: ArraySlice<UInt8>) -> Int? {
        guard let first = field.first, first & 0x80 != 0 else { return octal(field) }
        let inversion: UInt8 = first & 0x40 == 0 ? 0 : 0xFF
        var number: UInt64 = 0
        for (index, byte) in field.enumerated() {
            guard number >> 56 == 0 else { return nil }
            let value = byte ^ inversion
            number = number << 8 | UInt64(index == 0 ? value & 0x7F : value)
        }
        guard let magnitude = Int(exactly: number) else { return nil }
        return inversion == 0 ? magnitude : ~magnitude
    }

    private static func octal(_ field: ArraySlice<UInt8>) -> Int? {
        let isPadding = { (byte: UInt8) in byte == 0x20 || byte == 0 }
        var digits = field.drop(while: isPadding)
        while digits.last.map(isPadding) ?? false { digits.removeLast() }
        var number = 0
        for digit in digits.prefix(while: { $0 != 0 }) {
            guard (0x30...0x37).contains(digit), number >> 60 == 0 else { return nil }
            number = number << 3 | Int(digit - 0x30)
        }
        return number
    }
}
