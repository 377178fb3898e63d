// SPDX-License-Identifier: Apache-2.0

/// Determines the types of the files of a layer while their bytes are read.
///
/// Text is kept within the limits of the layer. A file beyond them keeps its first line.
struct FileHeadReader {
    private enum Kind {
        case undetermined
        case data
        case script
        case configuration
        case elf
    }

    private var sample = FileSample()
    private var kind = Kind.undetermined
    private var isConfiguration = false
    private var header: ELFHeader?
    /// The number of bytes of text that may still be kept.
    private var remainingTextByteCount = Self.textByteLimit

    /// The number of bytes that may still be kept of scripts that are not shell scripts.
    private var remainingOtherByteCount = Self.textByteLimit / 4

    /// A Boolean value that indicates whether the type is known without further bytes.
    private(set) var isFinished = false

    /// The maximum number of bytes of text that are kept of a layer.
    private static let textByteLimit = 4 << 20

    /// Starts a file.
    mutating func begin(_ path: LayerPath) {
        sample.reset()
        kind = .undetermined
        header = nil
        isFinished = false
        isConfiguration = Self.isConfiguration(path)
    }

    /// Adds the next bytes of the file.
    mutating func append(_ chunk: UnsafeRawBufferPointer) {
        var rest = unsafe chunk
        while unsafe !rest.isEmpty && !isFinished {
            let count = unsafe sample.append(rest)
            unsafe rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
            advance()
        }
    }

    /// Ends the file, and returns its type.
    mutating func finish() -> LayerEntry.Head {
        sample.finish()
        if !isFinished { advance() }
        switch kind {
        case .undetermined, .data: return .data
        case .elf: return header.map(LayerEntry.Head.elf) ?? .data
        case .script: return .script(script)
        case .configuration:
            return .configuration(text(FileStart.configurationByteLimit))
        }
    }

    private mutating func advance() {
        if kind == .undetermined {
            guard sample.prefix.count >= 4 || sample.isAtEnd else { return }
            kind =
                if isConfiguration {
                    .configuration
                } else if sample.prefix.starts(with: [0x7F, 0x45, 0x4C, 0x46]) {
                    .elf
                } else if sample.prefix.starts(with: "#!".utf8) { .script } else { .data }
        }
        switch kind {
        case .undetermined: break
        case .data: isFinished = true
        // One byte more shows that the file is longer.
        case .script: isFinished = sample.position > FileStart.scriptByteLimit
        case .configuration: isFinished = sample.position > FileStart.configurationByteLimit
        case .elf: parse()
        }
    }

    private mutating func parse() {
        while sample.isSatisfied || sample.isAtEnd {
            switch ELFParser(sample).next() {
            case .finished(let header):
                self.header = header
                isFinished = true
                return
            case .needs(let range): sample.request(range)
            }
        }
    }

    private var script: FileStart {
        mutating get {
            let first = FileStart(
                Array(sample.prefix.prefix(FileStart.lineByteLimit)), isComplete: false)
            // Shell scripts are followed; others only name programs, and are kept if there are few.
            guard !first.namesShell else { return text(FileStart.scriptByteLimit) }
            guard remainingOtherByteCount >= FileStart.scriptByteLimit else {
                return FileStart(Array("#!".utf8) + first.interpreterLine, isComplete: false)
            }
            let start = text(FileStart.scriptByteLimit)
            remainingOtherByteCount -= start.bytes.count
            return start
        }
    }

    /// Returns the first bytes of the file, or only the first line if the layer has too much text.
    private mutating func text(_ limit: Int) -> FileStart {
        let isWithinLimit = min(sample.position, limit) <= remainingTextByteCount
        let count = isWithinLimit ? limit : FileStart.lineByteLimit
        let bytes = Array(sample.prefix.prefix(count))
        remainingTextByteCount -= isWithinLimit ? bytes.count : 0
        return FileStart(bytes, isComplete: sample.isAtEnd && sample.position == bytes.count)
    }

    /// Returns whether a file configures the dynamic loader of glibc or musl, or lists users.
    ///
    /// Source: ld.so(8), ldconfig(8); musl, ldso/dynlink.c.
    private static func isConfiguration(_ path: LayerPath) -> Bool {
        guard path.bytes.starts(with: "etc/".utf8) else { return false }
        let name = path.bytes.dropFirst(4)
        return name.elementsEqual("passwd".utf8) || name.elementsEqual("group".utf8)
            || name.elementsEqual("ld.so.conf".utf8) || name.elementsEqual("ld.so.cache".utf8)
            || name.starts(with: "ld.so.conf.d/".utf8)
            || name.starts(with: "ld-musl-".utf8) && name.suffix(5).elementsEqual(".path".utf8)
    }
}
