// SPDX-License-Identifier: Apache-2.0

import Glibc
import Hashing
import OCI

@testable import LayerScanning
@testable import Validation

extension FuzzTarget {
    /// Layers, as the scan worker reads them: the first byte selects the declared compression.
    ///
    /// The report is valid, and the digest of a plain layer is that of its bytes.
    static let layer = FuzzTarget("layer") { input throws(Violation) in
        guard let first = input.first else { return 0 }
        let compressions = LayerCompression.allCases
        return try scan(
            Array(input.dropFirst()), compressions[Int(first) % compressions.count])
    }

    /// Plain archives with valid checksums, which no mutation finds by itself.
    static let tar = FuzzTarget("tar") { input throws(Violation) in
        var archive = input
        for start in stride(from: 0, to: archive.count - 511, by: 512)
        where archive[(start + 257)...].starts(with: "ustar".utf8) {
            archive.replaceSubrange(start + 148..<start + 156, with: Array("        ".utf8))
            let sum = archive[start..<start + 512].reduce(0) { $0 + Int($1) }
            let digits = String(sum, radix: 8)
            let field = String(repeating: "0", count: 6 - digits.utf8.count) + digits + "\0 "
            archive.replaceSubrange(start + 148..<start + 156, with: Array(field.utf8))
        }
        return try scan(archive, .none)
    }

    /// Reports of the scan worker, which a layer may control: what is accepted is within the
    /// limits, and every path of the root file system can be looked up.
    static let report = FuzzTarget("report") { input throws(Violation) in
        var limits = ScanLimits()
        limits.treeByteCount = 1 << 20
        let contents: LayerContents
        do throws(LayerScanError) {
            contents = try ReportReader.read(input, of: gzipKey, limits)
        } catch {
            try requireSafe(error.description)
            return 0
        }
        try require(contents.tree.byteCount <= limits.treeByteCount, "the tree is too large")
        var result = 1
        for linkHandling in RootFileSystem.LinkHandling.allCases {
            let budget = LookupBudget(steps: 100_000)
            let root = RootFileSystem(
                layers: [contents.tree, contents.tree], linkHandling: linkHandling, budget: budget)
            for path in [
                "/a", "a/b", "/usr/bin/sh", "a/../b/./c", "/l/l/l", "..", "/etc/ld.so.conf",
            ] {
                if case .found(_, let path) = root.resolve(Array(path.utf8)) {
                    try require(
                        !path.components.contains { $0.elementsEqual("..".utf8) }, "\(path)")
                    result += path.bytes.count
                }
            }
            result += root.elfFiles().count + root.loaderConfigurations().count
        }
        return result
    }

    /// ELF headers: a report of the header reads as the same header.
    static let elf = FuzzTarget("elf") { input throws(Violation) in
        guard let header = ELFHeader(input[...]) else { return 0 }
        let file = LayerEntry.File(isExecutable: true, head: .elf(header))
        let path = LayerPath("usr/bin/program")
        var writer = ReportWriter()
        writer.add(.entry(.file(file), at: path))
        // The digest of no bytes, because hashing would take longer than all else.
        writer.finish(diffID: plainKey.descriptor.digest, unpackedByteCount: 0, compression: .none)
        let bytes = writer.bytes
        let contents = try requireSuccess("reading the report") {
            try ReportReader.read(bytes, of: plainKey, ScanLimits())
        }
        try require(contents.tree[path] == .file(file), "\(header) is read differently")
        return header.hashValue
    }

    private static func scan(
        _ bytes: [UInt8], _ compression: LayerCompression
    ) throws(Violation) -> Int {
        var limits = ScanLimits()
        limits.entries = 200
        limits.unpackedBytes = 32 << 10
        guard let request = ScanRequest([compression.rawValue] + limits.arguments) else {
            throw Violation(description: "limits")
        }
        let report = try withPipe(of: bytes) { descriptor in
            ScanWorker.report(
                of: request, on: descriptor, hasher: TarHasher(onThread: false)
            ).bytes
        }
        let contents: LayerContents
        do throws(LayerScanError) {
            contents = try ReportReader.read(report, of: key(of: bytes, compression), limits)
        } catch {
            if case .scan(let reason) = error { throw Violation(description: reason) }
            return error.hashValue
        }
        if contents.compression == .none {
            try require(contents.diffID == .of(bytes), "the digest is not that of the bytes")
            try require(
                contents.unpackedByteCount == bytes.count, "the size is not that of the bytes")
        }
        try require(contents.unpackedByteCount <= limits.unpackedBytes, "more bytes than permitted")
        return contents.tree.byteCount + 1
    }

    /// Passes the reading end of a pipe that has the bytes, which must fit into its buffer.
    private static func withPipe<Result>(
        of bytes: [UInt8], _ body: (Int32) -> Result
    ) throws(Violation) -> Result {
        var ends: [Int32] = [-1, -1]
        guard unsafe pipe(&ends) == 0 else { throw Violation(description: "no pipe") }
        defer { _ = close(ends[0]) }
        let count = unsafe write(ends[1], bytes, bytes.count)
        _ = close(ends[1])
        try require(count == bytes.count, "the pipe is too small")
        return body(ends[0])
    }

    private static let gzipKey = key(of: [], .gzip)
    private static let plainKey = key(of: [], .none)

    private static func key(
        of bytes: [UInt8], _ compression: LayerCompression
    ) -> ScannableLayer {
        let type = compression == .none ? "tar" : "tar+\(compression.rawValue)"
        guard
            let mediaType = try? MediaType(parsing: "application/vnd.oci.image.layer.v1.\(type)"),
            let key = ScannableLayer(
                Descriptor(mediaType: mediaType, digest: .of(bytes), size: bytes.count))
        else { fatalError("the media type of a layer is not parsed") }
        return key
    }
}
