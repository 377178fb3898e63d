// SPDX-License-Identifier: Apache-2.0

internal import OCI

/// Reads the report of a scan in the parent.
///
/// The report is untrusted: a layer may have taken over the child.
struct ReportReader {
    private var rest: ArraySlice<UInt8>
    private var trail = PathTrail()
    private let layer: ScannableLayer
    private let limits: ScanLimits

    private init(_ bytes: [UInt8], layer: ScannableLayer, limits: ScanLimits) {
        rest = bytes[...]
        self.layer = layer
        self.limits = limits
    }

    /// Reads a whole report.
    ///
    /// - Returns: The contents of the layer.
    /// - Throws: The error that is reported, or an error if the report is invalid, incomplete or
    ///   takes too much memory.
    static func read(
        _ bytes: [UInt8], of layer: ScannableLayer, _ limits: ScanLimits
    ) throws(LayerScanError) -> LayerContents {
        var reader = ReportReader(bytes, layer: layer, limits: limits)
        return try reader.read()
    }

    /// The maximum length of the name of a compression.
    private static let compressionByteLimit = 16
    private static let invalidReport = LayerScanError.scan("scan process wrote no valid report")

    private mutating func read() throws(LayerScanError) -> LayerContents {
        var tree = LayerFileTree()
        while true {
            guard let tag = ReportTag(rawValue: try byte()) else { throw Self.invalidReport }
            switch tag {
            case .error: throw try error()
            case .finished:
                let size = try number()
                let name = String(decoding: try text(Self.compressionByteLimit), as: UTF8.self)
                guard let compression = LayerCompression(rawValue: name) else {
                    throw Self.invalidReport
                }
                return LayerContents(
                    diffID: try diffID(), unpackedByteCount: size, compression: compression,
                    tree: tree)
            default:
                try readPath()
                switch tag {
                case .whiteout: try tree.addWhiteout(of: trail)
                case .opaque: try tree.addOpaque(trail)
                default: try tree.add(try entry(tag), at: trail)
                }
                guard tree.byteCount <= limits.treeByteCount else { throw .limit(.paths) }
            }
        }
    }

    private func diffID() throws(LayerScanError) -> Digest {
        if rest.isEmpty, layer.hasPlainDigest { return layer.descriptor.digest }
        guard let digest = try? Digest(parsing: String(decoding: rest, as: UTF8.self)) else {
            throw Self.invalidReport
        }
        return digest
    }

    private mutating func entry(_ tag: ReportTag) throws(LayerScanError) -> LayerEntry {
        // The root is a directory, whatever entry an archive has for it.
        guard trail.key != .root else { throw Self.invalidReport }
        return switch tag {
        case .directory: .directory
        case .plainFile: .file(.data)
        case .special: .special
        case .symbolicLink: .symbolicLink(to: try text(ScanLimits.pathByteCount))
        case .hardLink: .hardLink(to: LayerPath(try text(ScanLimits.pathByteCount)))
        case .file: .file(try file())
        case .whiteout, .opaque, .finished, .error: throw Self.invalidReport
        }
    }

    private mutating func file() throws(LayerScanError) -> LayerEntry.File {
        let isExecutable = try flag()
        guard let tag = FileKind(rawValue: try byte()) else { throw Self.invalidReport }
        let head: LayerEntry.Head =
            switch tag {
            case .data: .data
            case .script: .script(try start(FileStart.scriptByteLimit))
            case .configuration:
                .configuration(try start(FileStart.configurationByteLimit))
            case .elf: .elf(try header())
            }
        return LayerEntry.File(isExecutable: isExecutable, head: head)
    }

    private mutating func header() throws(LayerScanError) -> ELFHeader {
        guard let kind = ELFHeader.Kind(rawValue: UInt16(try byte())) else {
            throw Self.invalidReport
        }
        let (is64Bit, isLittleEndian) = (try flag(), try flag())
        let architecture = UInt16(try byte()) | UInt16(try byte()) << 8
        let loader = try text(ELFHeader.loaderLimit)
        return ELFHeader(
            kind, architecture: architecture, is64Bit: is64Bit, isLittleEndian: isLittleEndian,
            loader: loader.isEmpty ? nil : loader, linkage: try linkage())
    }

    private mutating func linkage() throws(LayerScanError) -> ELFHeader.Linkage {
        guard let kind = LinkageKind(rawValue: try byte()) else { throw Self.invalidReport }
        switch kind {
        case .selfContained: return .selfContained
        case .notChecked: return .notChecked
        case .dynamic:
            let usesDefaultDirectories = try flag()
            let (name, runPath, olderRunPath) = (
                try optionalText(), try optionalText(), try optionalText()
            )
            let count = try number()
            guard count <= ELFHeader.DynamicSection.neededLimit else { throw Self.invalidReport }
            var needed: [[UInt8]] = []
            for _ in 0..<count {
                needed.append(try text(ELFHeader.DynamicSection.textByteLimit))
            }
            return .dynamic(
                ELFHeader.DynamicSection(
                    needed: needed, name: name, runPath: runPath, olderRunPath: olderRunPath,
                    usesDefaultDirectories: usesDefaultDirectories))
        }
    }

    private mutating func optionalText() throws(LayerScanError) -> [UInt8]? {
        let isPresent = try flag()
        let text = try text(ELFHeader.DynamicSection.textByteLimit)
        return isPresent ? text : nil
    }

    private mutating func start(_ limit: Int) throws(LayerScanError) -> FileStart {
        let isComplete = try flag()
        return FileStart(try text(limit), isComplete: isComplete)
    }

    private mutating func error() throws(LayerScanError) -> LayerScanError {
        let code = try byte()
        guard rest.isEmpty else { return Self.invalidReport }
        if let malformation = LayerScanError.FormatError(rawValue: code) {
            return .malformed(malformation)
        }
        return LayerScanError.Limit(rawValue: code).map(LayerScanError.limit) ?? Self.invalidReport
    }

    private mutating func readPath() throws(LayerScanError) {
        let shared = try number()
        let rest = try text(ScanLimits.pathByteCount)
        guard trail.replace(after: shared, with: rest) else { throw Self.invalidReport }
    }

    private mutating func text(_ limit: Int) throws(LayerScanError) -> [UInt8] {
        let count = try number()
        guard count <= limit, count <= rest.count else { throw Self.invalidReport }
        defer { rest.removeFirst(count) }
        return Array(rest.prefix(count))
    }

    private mutating func flag() throws(LayerScanError) -> Bool {
        switch try byte() {
        case 0: false
        case 1: true
        default: throw Self.invalidReport
        }
    }

    private mutating func number() throws(LayerScanError) -> Int {
        var number = 0
        for shift in stride(from: 0, to: 56, by: 7) {
            let byte = try byte()
            number |= Int(byte & 127) << shift
            if byte < 128 { return number }
        }
        throw Self.invalidReport
    }

    private mutating func byte() throws(LayerScanError) -> UInt8 {
        guard let byte = rest.popFirst() else { throw Self.invalidReport }
        return byte
    }
}
