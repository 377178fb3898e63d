// SPDX-License-Identifier: Apache-2.0

internal import Files
internal import Pinning
internal import TextSafety
internal import YAML

/// The files that a command about pins goes through.
///
/// Whatever is wrong with one of them is said of that file, and the others are done.
struct PinFiles {
    /// What could not be read, and why.
    struct Problem {
        let path: String
        let reason: YAMLError

        fileprivate init(_ path: String, _ error: FileError) {
            self.path = path
            reason = PinFiles.refusal(error)
        }
    }

    /// Values files are larger than configurations; a rendered set of manifests larger still.
    private static let limit = 8 << 20
    /// A template is read only to see what it does with tags.
    private static let templateLimit = 1 << 20

    private let context: ProgramContext
    /// The files to look at, as they were named or found.
    let paths: [String]
    /// Files and directories that cannot be looked at.
    let problems: [Problem]
    private var reuses: [String: TagReuse] = [:]
    /// The templates that were not read.
    private(set) var skippedTemplates: [Problem] = []

    /// Lists files.
    init(_ paths: [String], rules: PinRules, in context: ProgramContext) {
        self.context = context
        let listing = YAMLFiles.list(paths, rules: rules, from: context.currentDirectory)
        self.paths = listing.files
        problems = listing.failures.map { Problem($0.path, $0.error) }
    }

    /// Reads a file.
    ///
    /// - Throws: ``YAMLError`` with the reason for which it cannot be read.
    func read(_ path: String) throws(YAMLError) -> [UInt8] {
        do throws(FileError) {
            return try BoundedFile.read(context.absolute(path), limit: Self.limit)
        } catch {
            throw Self.refusal(error)
        }
    }

    /// Replaces a file that still is as it was read.
    ///
    /// - Throws: ``YAMLError`` with the reason for which it is as before.
    func replace(_ path: String, _ old: [UInt8], with new: [UInt8]) throws(YAMLError) {
        guard try read(path) == old else {
            throw YAMLError(
                at: YAMLMark(line: 1, column: 1),
                "the file was changed by another program meanwhile, nothing is written: run again")
        }
        do throws(FileError) {
            try AtomicFile.replace(context.absolute(path), with: new)
        } catch {
            throw Self.refusal(error)
        }
    }

    /// Returns what the templates do with tags, where the file is a chart's own values.
    mutating func reuse(beside path: String) -> TagReuse {
        let directory = Path.directory(of: path)
        if let known = reuses[directory] { return known }
        let reuse = readTemplates(in: directory)
        reuses[directory] = reuse
        return reuse
    }

    private mutating func readTemplates(in directory: String) -> TagReuse {
        func kind(_ name: String) -> FileStatus.Kind? {
            (try? FileStatus.of(context.absolute("\(directory)/\(name)")))?.kind
        }
        guard kind("Chart.yaml") == .regular, kind("templates") == .directory else {
            return TagReuse()
        }
        let shown = directory == "." ? "templates" : "\(directory)/templates"
        var templates: [[UInt8]] = []
        do throws(FileError) {
            for name in try Directory.list(context.absolute(shown)) {
                let path = "\(shown)/\(name)"
                do throws(FileError) {
                    guard try FileStatus.of(context.absolute(path))?.kind == .regular else {
                        continue
                    }
                    templates.append(
                        try BoundedFile.read(context.absolute(path), limit: Self.templateLimit))
                } catch {
                    skippedTemplates.append(Problem(path, error))
                }
            }
        } catch {
            skippedTemplates.append(Problem(shown, error))
        }
        return TagReuse(templates: templates)
    }

    /// Reports show the path beside the reason, so that the reason does not repeat it.
    private static func refusal(_ error: FileError) -> YAMLError {
        YAMLError(
            at: YAMLMark(line: 1, column: 1),
            "cannot \(error.operation.rawValue) it: \(error.cause)")
    }
}
