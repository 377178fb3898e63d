// SPDX-License-Identifier: Apache-2.0

internal import YAML

/// Parts of an image that an overlay inherits from the files below: the key for the digest, and the registry.
extension BaseFinder {
    /// Returns the shape that the key for the digest requires in the nearest file that has one at a path of
    /// values; `nil` if there is no such key.
    mutating func digestShape(at keys: [String]) -> ImageShape? {
        for source in sources {
            guard budget > 0 else { return nil }
            switch source {
            case .file(let path):
                if let shape = digestShape(at: keys[...], in: path) { return shape }
            case .subcharts(let directory):
                for chart in keys.first.map({ subcharts($0, of: directory) }) ?? [] {
                    let path = "\(chart)values.yaml"
                    guard path != file else { continue }
                    if let shape = digestShape(at: keys.dropFirst(), in: path) { return shape }
                }
            }
        }
        return nil
    }

    private mutating func digestShape(
        at keys: ArraySlice<String>, in path: String
    ) -> ImageShape? {
        guard let mapping = located(keys, in: path)?.mapping else { return nil }
        if mapping["digest"]?.text != nil { return .digest }
        return mapping["sha"]?.text != nil ? .sha : nil
    }

    /// A registry in a file.
    struct FoundRegistry {
        let text: String
        let file: String
        /// A Boolean value that indicates whether it is known to be that of the image.
        let isCertain: Bool
    }

    /// Returns the registry of the image at a path of values.
    ///
    /// - Parameters:
    ///   - keys: The path of the image.
    ///   - isReplaced: A Boolean value that indicates whether the overlay has the registry of the
    ///     image itself.
    /// - Returns: The registry; `nil` if no file has one.
    mutating func registry(at keys: [String], isReplaced: Bool) -> FoundRegistry? {
        for source in sources {
            guard budget > 0 else { return nil }
            switch source {
            case .file(let path):
                if let found = registry(at: keys[...], isReplaced, in: path) { return found }
            case .subcharts(let directory):
                for chart in keys.first.map({ subcharts($0, of: directory) }) ?? [] {
                    let path = "\(chart)values.yaml"
                    guard path != file else { continue }
                    if let found = registry(at: keys.dropFirst(), isReplaced, in: path) {
                        return found
                    }
                }
            }
        }
        return nil
    }

    private mutating func registry(
        at keys: ArraySlice<String>, _ isReplaced: Bool, in path: String
    ) -> FoundRegistry? {
        guard let scope = files.values(in: path)?.scope else { return nil }
        if !isReplaced, let own = located(keys, in: path)?.mapping["registry"] {
            // Templates usually omit an empty registry.
            let text = own.text ?? ""
            return FoundRegistry(
                text: text.isEmpty ? "docker.io" : text, file: path, isCertain: !text.isEmpty)
        }
        for (node, isCertain) in [
            (scope.registry, true), (scope.defaultRegistry, true), (scope.outerRegistry, false),
        ] {
            guard let text = node.flatMap(MergedMapping.text) else { continue }
            return FoundRegistry(text: text, file: path, isCertain: isCertain)
        }
        return nil
    }
}
