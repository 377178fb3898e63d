// SPDX-License-Identifier: Apache-2.0

/// The properties of an entry that do not fit into its header, from the headers before it.
///
/// Source: POSIX.1-2001, pax Extended Header; GNU tar, "Long names" and "Storing Sparse Files"; Go,
/// archive/tar, `parsePAX` and `mergePAX`.
struct TarRecords {
    private(set) var name: [UInt8]?
    private(set) var linkName: [UInt8]?
    private(set) var size: Int?
    /// The name of a sparse file.
    private(set) var sparseName: [UInt8]?
    /// A Boolean value that indicates whether the content is the map and the data of a sparse file.
    private(set) var isSparse = false

    /// The names of GNU's headers, which have priority.
    private var longName: [UInt8]?
    private var longLink: [UInt8]?

    /// The maximum size of a header about the next entry.
    ///
    /// Source: Go, archive/tar, `maxSpecialFileSize`.
    static let byteLimit = 1 << 20

    /// Adds the content of a header about the next entry.
    ///
    /// - Returns: Whether it is valid.
    mutating func add(_ kind: TarHeader.Kind, _ content: [UInt8]) -> Bool {
        switch kind {
        case .longName:
            longName = TarHeader.text(content[...])
            name = longName
            return true
        case .longLink:
            longLink = TarHeader.text(content[...])
            linkName = longLink
            return true
        case .records: return addRecords(content)
        default: return true
        }
    }

    /// Each record is its length, a space, `key=value` and a line break.
    private mutating func addRecords(_ content: [UInt8]) -> Bool {
        (name, linkName, size, sparseName, isSparse) = (nil, nil, nil, nil, false)
        var rest = content[...]
        while !rest.isEmpty {
            let digits = rest.prefix { $0 != 0x20 }
            guard digits.count < rest.count, let length = Self.decimal(digits),
                length >= 5, length <= rest.count, length > digits.count + 1
            else { return false }
            let record = rest.prefix(length).dropFirst(digits.count + 1)
            guard record.last == 0x0A,
                let equals = record.firstIndex(of: UInt8(ascii: "=")), equals > record.startIndex
            else { return false }
            let key = String(decoding: record[..<equals], as: UTF8.self)
            guard add(key, record[(equals + 1)...].dropLast()) else { return false }
            rest = rest.dropFirst(length)
        }
        name = longName ?? name
        linkName = longLink ?? linkName
        return true
    }

    private mutating func add(_ key: String, _ value: ArraySlice<UInt8>) -> Bool {
        switch key {
        case "path", "linkpath", "uname", "gname":
            guard !value.contains(0) else { return false }
            let text = value.isEmpty ? nil : Array(value)
            if key == "path" { name = text }
            if key == "linkpath" { linkName = text }
        case "size":
            guard !value.isEmpty else { break }
            size = Self.decimal(value)
            return size != nil
        case "uid", "gid": return value.isEmpty || Self.decimal(value) != nil
        case "GNU.sparse.name": sparseName = value.isEmpty ? nil : Array(value)
        case "GNU.sparse.map", "GNU.sparse.major", "GNU.sparse.size": isSparse = true
        default: break
        }
        return true
    }

    private static func decimal(_ digits: ArraySlice<UInt8>) -> Int? {
        Int(String(decoding: digits, as: UTF8.self))
    }
}
