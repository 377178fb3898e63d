// SPDX-License-Identifier: Apache-2.0

public import Files

/// Finds the YAML files below folders.
public enum YAMLFiles {
    /// Lists files in a stable order.
    ///
    /// A file that is named itself is always listed. In folders, `*.yaml` and `*.yml` count;
    /// hidden names, links to folders, and the `templates` of a chart, which are not YAML, do not.
    ///
    /// - Parameters:
    ///   - paths: files and folders, as somebody typed them.
    ///   - rules: what is to be ignored.
    ///   - base: the folder that the paths start from.
    /// - Returns: paths in the form of those given, each once.
    /// - Throws: ``FileError`` for a path that is not there or cannot be listed.
    public static func list(
        _ paths: [String], rules: PinRules, from base: String
    ) throws(FileError) -> [String] {
        var files: [String] = []
        var seen: Set<String> = []
        for path in paths {
            let trimmed = path.hasSuffix("/") && path.count > 1 ? String(path.dropLast()) : path
            let absolute = trimmed.hasPrefix("/") ? trimmed : "\(base)/\(trimmed)"
            if try FileStatus.of(absolute)?.kind == .directory {
                for file in try list(absolute, shown: trimmed, rules)
                where seen.insert(file).inserted {
                    files.append(file)
                }
            } else if seen.insert(trimmed).inserted {
                files.append(trimmed)
            }
        }
        return files
    }

    private static func list(
        _ folder: String, shown: String, _ rules: PinRules
    ) throws(FileError) -> [String] {
        let names = try Directory.list(folder)
        let isChart = names.contains("Chart.yaml")
        var files: [String] = []
        for name in names where !name.hasPrefix(".") && !(isChart && name == "templates") {
            let path = shown == "." ? name : "\(shown)/\(name)"
            guard !rules.ignores(path) else { continue }
            switch try FileStatus.of("\(folder)/\(name)", followsLinks: false)?.kind {
            case .directory: files += try list("\(folder)/\(name)", shown: path, rules)
            case .regular where name.hasSuffix(".yaml") || name.hasSuffix(".yml"):
                files.append(path)
            default: continue
            }
        }
        return files
    }
}
