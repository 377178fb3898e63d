// SPDX-License-Identifier: Apache-2.0

internal import Files
internal import Pinning
internal import TextSafety
internal import YAML

/// The files that `pin`, `lint`, `promote` and `init` process.
///
/// An error in one file does not stop the others.
struct PinFiles {
    /// A file that could not be read, with the error.
    struct Problem {
        let path: String
        let reason: YAMLError

        fileprivate init(_ path: String, _ error: FileError) {
            self.path = path
            reason = PinFiles.refusal(error)
        }
    }

    /// The size limit of values files and rendered manifests, in bytes.
    private static let limit = 8 << 20
    /// The size limit of chart templates, in bytes.
    private static let templateLimit = 1 << 20

    private let context: ProgramContext
    /// The paths of the files, as given or found.
    let paths: [String]
    /// The files and directories that cannot be read.
    let problems: [Problem]
    private var reuses: [String: TagReuse] = [:]
    /// The skipped templates, with reasons.
    private(set) var skippedTemplates: [Problem] = []

    /// Creates the list of files from files and directories.
    init(_ paths: [String], rules: PinRules, in context: ProgramContext) {
        self.context = context
        let listing = YAMLFiles.list(paths, rules: rules, from: context.currentDirectory)
        self.paths = listing.files
        problems = listing.failures.map { Problem($0.path, $0.error) }
    }

    /// Reads a file.
    ///
    /// - Throws: ``YAMLError`` if the file cannot be read.
    func read(_ path: String) throws(YAMLError) -> [UInt8] {
        do throws(FileError) {
            return try BoundedFile.read(context.absolute(path), limit: Self.limit)
        } catch {
            throw Self.refusal(error)
        }
    }

    /// Replaces a file, unless it changed since it was read.
    ///
    /// - Throws: ``YAMLError`` if the file was not replaced.
    func replace(_ path: String, _ old: [UInt8], with new: [UInt8]) throws(YAMLError) {
        guard try read(path) == old else {
            throw YAMLError(
                at: YAMLMark(line: 1, column: 1),
                "the file changed during the run and was not written; run again")
        }
        do throws(FileError) {
            try AtomicFile.replace(context.absolute(path), with: new)
        } catch {
            throw Self.refusal(error)
        }
    }

    /// Returns how the templates of a chart use tags, if the file contains the chart's values.
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

    /// Returns the error without the path, which reports show separately.
    private static func refusal(_ error: FileError) -> YAMLError {
        YAMLError(
            at: YAMLMark(line: 1, column: 1),
            "cannot \(error.operation.rawValue) it: \(error.cause)")
    }
}
