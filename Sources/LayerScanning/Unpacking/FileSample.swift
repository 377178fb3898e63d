// SPDX-License-Identifier: Apache-2.0

/// The bytes of a file that are kept while it is read once, from its beginning to its end.
///
/// These are the first bytes, and ranges after them that are requested before they are read.
struct FileSample {
    /// A reason why bytes of the file are not known.
    enum Gap: Error {
        /// They may be read later.
        case unread(Range<Int>)
        /// They are after the end of the file, were not kept, or are too many.
        case unavailable
    }

    /// The number of first bytes that are kept.
    ///
    /// Most libraries are smaller, and the symbol names of larger ones are among these bytes.
    static let prefixByteLimit = 8 << 20
    /// The maximum length of a range.
    static let rangeByteLimit = 1 << 20
    /// The maximum number of ranges.
    static let rangeLimit = 8

    /// The first bytes.
    private(set) var prefix: [UInt8]
    /// The number of bytes that were read.
    private(set) var position: Int
    private var ranges: [(start: Int, bytes: [UInt8])] = []
    private var wanted: Range<Int>?
    private(set) var isAtEnd: Bool

    /// Creates a sample of a file that is not read yet.
    init() {
        prefix = []
        position = 0
        isAtEnd = false
    }

    /// Creates the sample of a whole file.
    init(_ bytes: ArraySlice<UInt8>) {
        prefix = Array(bytes)
        position = bytes.count
        isAtEnd = true
    }

    /// A Boolean value that indicates whether the requested bytes were read.
    var isSatisfied: Bool { wanted.map { position >= $0.upperBound } ?? true }

    /// Starts the next file, and keeps the memory.
    mutating func reset() {
        prefix.removeAll(keepingCapacity: true)
        position = 0
        ranges = []
        wanted = nil
        isAtEnd = false
    }

    /// Requests bytes that were not read yet.
    mutating func request(_ range: Range<Int>) {
        wanted = range
        guard range.upperBound > Self.prefixByteLimit else { return }
        let known = range.lowerBound < prefix.count ? Array(prefix[range.lowerBound...]) : []
        ranges.append((range.lowerBound, known))
    }

    /// Adds the next bytes of the file, up to the end of the requested range.
    ///
    /// - Returns: The number of bytes that were added.
    mutating func append(_ chunk: UnsafeRawBufferPointer) -> Int {
        let missing = wanted.map { $0.upperBound - position } ?? 0
        let count = missing > 0 ? min(chunk.count, missing) : chunk.count
        let kept = min(count, Self.prefixByteLimit - prefix.count)
        if kept > 0 { unsafe prefix.append(contentsOf: chunk.prefix(kept)) }
        if let wanted, let last = ranges.indices.last, wanted.lowerBound == ranges[last].start {
            let next = wanted.lowerBound + ranges[last].bytes.count - position
            if next >= 0, next < count {
                unsafe ranges[last].bytes.append(contentsOf: chunk[next..<count])
            }
        }
        position += count
        return count
    }

    /// Ends the file.
    mutating func finish() {
        isAtEnd = true
    }

    /// Returns bytes of the file.
    ///
    /// - Throws: The reason why they are not known.
    func bytes(at offset: Int, count: Int) throws(Gap) -> ArraySlice<UInt8> {
        let (end, overflows) = offset.addingReportingOverflow(count)
        guard offset >= 0, count >= 0, !overflows else { throw .unavailable }
        if end <= prefix.count { return prefix[offset..<end] }
        for (start, bytes) in ranges where start <= offset && end <= start + bytes.count {
            return bytes[offset - start..<end - start]
        }
        let isNext = offset >= position || position == prefix.count
        guard isNext, !isAtEnd, count <= Self.rangeByteLimit, ranges.count < Self.rangeLimit else {
            throw .unavailable
        }
        throw .unread(offset..<end)
    }
}
