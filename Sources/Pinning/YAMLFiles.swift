// SPDX-License-Identifier: Apache-2.0

public import Files

/// Finds the YAML files in directories.
public enum YAMLFiles {
    /// Lists files in a stable order.
    ///
    /// A file in `paths` is always listed. In directories, only `*.yaml` and `*.yml` files are
    /// listed; hidden files, symbolic links, and the `templates` directory of a chart are not.
    ///
    /// - Parameters:
    ///   - paths: Files and directories, as the user typed them.
    ///   - rules: The rules with the patterns to ignore.
    ///   - base: The directory that relative paths start from.
    /// - Returns: The paths in the form of `paths`, without duplicates, and the files and
    ///   directories that could not be listed.
    public static func list(
        _ paths: [String], rules: PinRules, from base: String
    ) -> FileListing {
        var listing = FileListing()
        var seen: Set<String> = []
        for path in paths {
            let trimmed = path.hasSuffix("/") && path.count > 1 ? String(path.dropLast()) : path
            let absolute = trimmed.hasPrefix("/") ? trimmed : "\(base)/\(trimmed)"
            if (try? FileStatus.of(absolute))?.kind == .directory {
                list(absolute, shown: trimmed, rules, into: &listing)
            } else {
                listing.files.append(trimmed)
            }
        }
        listing.files = listing.files.filter { seen.insert($0).inserted }
        return listing
    }

    private static func list(
        _ directory: String, shown: String, _ rules: PinRules, into listing: inout FileListing
    ) {
        let names: [String]
        do throws(FileError) {
            names = try Directory.list(directory)
        } catch {
            listing.failures.append((shown, error))
            return
        }
        let isChart = names.contains("Chart.yaml")
        for name in names where !name.hasPrefix(".") && !(isChart && name == "templates") {
            let path = shown == "." ? name : "\(shown)/\(name)"
            guard !rules.ignores(path) else { continue }
            do throws(FileError) {
                switch try FileStatus.of("\(directory)/\(name)", followsLinks: false)?.kind {
                case .directory: list("\(directory)/\(name)", shown: path, rules, into: &listing)
                case .regular where name.hasSuffix(".yaml") || name.hasSuffix(".yml"):
                    listing.files.append(path)
                default: continue
                }
            } catch {
                listing.failures.append((path, error))
            }
        }
    }
}

/// A list of files, and the files and directories that could not be read.
public struct FileListing: Sendable {
    /// The files, in a stable order.
    public var files: [String] = []
    /// The files and directories that could not be read, and the reasons.
    public var failures: [(path: String, error: FileError)] = []
}
