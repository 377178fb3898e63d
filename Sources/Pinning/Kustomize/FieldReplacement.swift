// SPDX-License-Identifier: Apache-2.0

internal import YAML

/// A value that kustomize copies from a field of a resource to fields of others.
///
/// Source: kustomize, `replacements`.
struct FieldReplacement {
    /// The effect on an image.
    enum Effect: Hashable {
        /// All of the image is replaced.
        case whole
        /// A part of the image is replaced, or copied.
        case part
    }

    /// Fields of resources.
    private struct Fields {
        /// The kind and the name of the resources; `nil` for any.
        let kind: String?
        let name: String?
        let paths: [[String]]
        /// A Boolean value that indicates whether only a part of each value counts.
        let isPart: Bool
        /// A Boolean value that indicates whether some resources are excluded.
        var hasExceptions = false

        /// Creates the fields of a source or a target.
        init(of resource: YAMLNode?, paths: [String], options: YAMLNode?) {
            kind = resource?["kind"]?.text
            name = resource?["name"]?.text
            self.paths = paths.map(FieldReplacement.steps)
            isPart = options?["delimiter"]?.text?.isEmpty == false
        }
    }

    private let source: Fields
    private let targets: [Fields]

    /// The maximum number of replacements of a kustomization, and of the targets of one.
    private static let limit = 500

    /// Returns the replacements of a kustomization.
    ///
    /// - Parameters:
    ///   - root: The kustomization.
    ///   - read: Returns the content of a file, relative to the directory of the kustomization.
    /// - Returns: The replacements.
    static func all(in root: YAMLNode, read: (String) -> YAMLNode?) -> [FieldReplacement] {
        (root["replacements"]?.items ?? []).prefix(limit).flatMap { item -> [FieldReplacement] in
            guard let path = item["path"]?.text else { return [FieldReplacement(item)] }
            let file = read(path)
            return (file?.items ?? [file].compactMap(\.self)).prefix(limit).map(
                FieldReplacement.init)
        }
    }

    private init(_ node: YAMLNode) {
        let source = node["source"]
        self.source = Fields(
            of: source, paths: [source?["fieldPath"]?.text].compactMap(\.self),
            options: source?["options"])
        targets = (node["targets"]?.items ?? []).prefix(Self.limit).map { target in
            var fields = Fields(
                of: target["select"],
                paths: (target["fieldPaths"]?.items ?? []).prefix(Self.limit).compactMap(\.text),
                options: target["options"])
            fields.hasExceptions = target["reject"] != nil
            return fields
        }
    }

    /// Returns the steps of the path of a field: `a.[name=x\.y].b` has three.
    private static func steps(_ path: String) -> [String] {
        var steps = [""]
        var isEscaped = false
        var brackets = 0
        for character in path {
            if isEscaped || character == "\\" {
                if isEscaped { steps[steps.count - 1].append(character) }
                isEscaped.toggle()
                continue
            }
            switch character {
            case "[": brackets += 1
            case "]": brackets -= 1
            case "." where brackets <= 0:
                steps.append("")
                continue
            default: break
            }
            steps[steps.count - 1].append(character)
        }
        return steps
    }

    /// An image in a resource.
    struct Image {
        /// The kind and the name of the resource; `nil` if it is unknown.
        let kind: String?
        let name: String?
        /// The steps of the path of the image, from the root of the resource.
        let steps: [String]
        /// A Boolean value that indicates whether the image consists of several values.
        let hasParts: Bool
        /// A Boolean value that indicates whether the digest is a part of the tag.
        let hasDigestInTag: Bool
    }

    /// Returns the effect on an image; `nil` if there is none.
    func effect(on image: Image) -> Effect? {
        let targeted = targets.compactMap { target -> Effect? in
            let effect = Self.effect(of: target, on: image)
            // Whether the resource is an exception is not known.
            return effect == .whole && target.hasExceptions ? nil : effect
        }
        if targeted.contains(.part) || takesPart(of: image) { return .part }
        return targeted.first
    }

    /// Returns a Boolean value that indicates whether a part of an image is copied that can have the digest.
    private func takesPart(of image: Image) -> Bool {
        guard Self.effect(of: source, on: image) == .part else { return false }
        return source.isPart || image.hasDigestInTag
    }

    /// A Boolean value that indicates whether a part of images of containers is replaced.
    var changesPartsOfImages: Bool {
        targets.contains { target in
            target.isPart && target.paths.contains { $0.last == "image" }
        }
    }

    /// Returns a Boolean value that indicates whether a part of a value of a generated resource is copied.
    ///
    /// - Parameters:
    ///   - kind: The kind of the resource.
    ///   - name: The name of the resource.
    ///   - key: The key of the value.
    /// - Returns: The Boolean value.
    func takesPart(ofGenerated kind: String, named name: String?, key: String) -> Bool {
        source.isPart && Self.selects(source, kind, name)
            && source.paths.contains { $0.last == key }
    }

    private static func effect(of fields: Fields, on image: Image) -> Effect? {
        guard selects(fields, image.kind, image.name) else { return nil }
        let effects = fields.paths.compactMap { path -> Effect? in
            let common = zip(path, image.steps).prefix { matches($0, $1) }.count
            if common == min(path.count, image.steps.count) {
                return path.count > image.steps.count || fields.isPart ? .part : .whole
            }
            // `webTag` beside `webImage`.
            let isBeside = image.hasParts && path.count == image.steps.count
            return isBeside && common == path.count - 1 && isPartOfImage(path[common])
                ? .part : nil
        }
        return effects.contains(.part) ? .part : effects.first
    }

    private static func isPartOfImage(_ key: String) -> Bool {
        ["image", "repository", "registry", "tag", "version", "digest", "sha"].contains {
            key.hasSuffixIgnoringCase($0)
        }
    }

    /// Returns a Boolean value that indicates whether a step of a field can be that of an image: elements of
    /// lists are also selected by their positions and by other keys.
    private static func matches(_ field: String, _ step: String) -> Bool {
        guard step.hasPrefix("["), field != step else { return field == step || field == "*" }
        return !field.hasPrefix("[name=") || !step.hasPrefix("[name=")
    }

    /// Returns a Boolean value that indicates whether fields can be those of a resource.
    ///
    /// A kustomization can add a prefix and a suffix to the name.
    private static func selects(_ fields: Fields, _ kind: String?, _ name: String?) -> Bool {
        func isPlain(_ text: String) -> Bool {
            text.allSatisfy { $0.isLetter || $0.isNumber || $0 == "-" }
        }
        if let stated = fields.kind, let kind, isPlain(stated), stated != kind { return false }
        guard let stated = fields.name, let name, isPlain(stated) else { return true }
        return stated.contains(name) || name.contains(stated)
    }
}
