// SPDX-License-Identifier: Apache-2.0

/// What the scan of one layer may take.
public struct ScanLimits: Hashable, Sendable {
    /// How many entries the archive may have.
    public var entries = 1_000_000
    /// How many bytes the archive may have.
    public var unpackedBytes = 64 << 30
    /// From how many unpacked bytes on the ratio counts.
    public var ratioFloor = 1 << 30
    /// How many unpacked bytes each packed one may give.
    public var ratio = 200
    /// How many bytes the child may map.
    public var addressSpace = 1 << 30
    /// How many seconds of processor time the child may use.
    public var seconds = 900
    /// How long the child may take for what it was given.
    public var patience = Duration.seconds(60)
    /// How many bytes the child may answer.
    public var reportByteCount = 64 << 20
    /// The memory that the paths of the layer may occupy, as ``LayerFileTree/byteCount`` estimates it.
    ///
    /// A million plain files take a quarter of it.
    public var treeByteCount = 128 << 20

    /// Makes the usual limits: wide enough for the largest images in use.
    public init() {}

    /// The longest path.
    ///
    /// Source: Linux, `PATH_MAX`, which counts the end mark.
    static let pathByteCount = 4095
    /// The longest name of a path.
    ///
    /// Source: Linux, `NAME_MAX`.
    static let nameByteCount = 255

    /// The limits that the child holds by itself, as its arguments.
    var arguments: [String] {
        [entries, unpackedBytes, ratioFloor, ratio, addressSpace, seconds].map(String.init)
    }

    init?(arguments: some Collection<String>) {
        let numbers = arguments.compactMap { Int($0) }.filter { $0 >= 0 }
        guard numbers.count == 6, arguments.count == 6 else { return nil }
        entries = numbers[0]
        unpackedBytes = numbers[1]
        ratioFloor = numbers[2]
        ratio = numbers[3]
        addressSpace = numbers[4]
        seconds = numbers[5]
    }

    /// Whether so many bytes may come out of so many.
    func check(packed: Int, unpacked: Int) throws(LayerScanError) {
        guard unpacked <= unpackedBytes else { throw .limit(.unpackedBytes) }
        let (allowed, isOver) = packed.multipliedReportingOverflow(by: ratio)
        guard isOver || unpacked <= ratioFloor || unpacked <= allowed else {
            throw .limit(.ratio)
        }
    }
}
