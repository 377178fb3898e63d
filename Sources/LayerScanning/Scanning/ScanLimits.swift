// SPDX-License-Identifier: Apache-2.0

/// The limits of the scan of one layer.
public struct ScanLimits: Hashable, Sendable {
    /// The maximum number of entries in the archive.
    public var entries = 1_000_000
    /// The maximum size of the archive in bytes.
    public var unpackedBytes = 64 << 30
    /// The uncompressed size in bytes from which the ratio is checked.
    public var ratioFloor = 1 << 30
    /// The maximum number of uncompressed bytes per compressed byte.
    public var ratio = 200
    /// The maximum memory of the child in bytes.
    public var addressSpace = 1 << 30
    /// The maximum processor time of the child in seconds.
    public var seconds = 900
    /// The maximum time that the child may take to process its input.
    public var inputTime = Duration.seconds(60)
    /// The maximum size of the report in bytes.
    public var reportByteCount = 64 << 20
    /// The memory that the paths of the layer may occupy, as ``LayerFileTree/byteCount`` estimates
    /// it.
    ///
    /// A million plain files take a quarter of it.
    public var treeByteCount = 128 << 20

    /// Creates the default limits, which suffice for the largest images in use.
    public init() {}

    /// The maximum length of a path.
    ///
    /// Source: Linux, `PATH_MAX`, which includes the terminating null byte.
    static let pathByteCount = 4095
    /// The maximum length of a name.
    ///
    /// Source: Linux, `NAME_MAX`.
    static let nameByteCount = 255

    /// The limits that the child enforces itself, as its arguments.
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

    /// Checks the numbers of compressed and uncompressed bytes.
    ///
    /// - Throws: The limit that they exceed.
    func check(packed: Int, unpacked: Int) throws(LayerScanError) {
        guard unpacked <= unpackedBytes else { throw .limit(.unpackedBytes) }
        let (allowed, overflows) = packed.multipliedReportingOverflow(by: ratio)
        guard overflows || unpacked <= ratioFloor || unpacked <= allowed else {
            throw .limit(.ratio)
        }
    }
}
