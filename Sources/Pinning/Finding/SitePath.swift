// SPDX-License-Identifier: Apache-2.0

internal import YAML

/// The path of a value in a document: keys, and elements of lists by their names.
///
/// Elements change their positions but keep their `name`, so `spec.containers[name=web].image`
/// identifies the same value after another container is inserted before it.
public struct SitePath: Hashable, Sendable, CustomStringConvertible {
    /// Paths share their prefixes, because there is one for each value of a file.
    private indirect enum Chain: Hashable, Sendable {
        case root
        case step(String, after: Chain)
    }

    private let chain: Chain

    /// The maximum length of an element's name; Kubernetes allows 253 characters.
    ///
    /// A longer text is not a name, and would be a part of every path below it.
    private static let nameLimit = 256
    /// The maximum length of a step in messages.
    private static let shownLimit = 256

    /// Creates the path of the document's root.
    init() { self.init(.root) }

    private init(_ chain: Chain) { self.chain = chain }

    /// The steps from the document's root.
    public var steps: [String] { Array(reversedSteps.reversed()) }

    /// The steps to the document's root, the last step first.
    var reversedSteps: some Sequence<String> {
        sequence(state: chain) { chain in
            guard case .step(let step, let before) = chain else { return nil }
            chain = before
            return step
        }
    }

    func appending(key: String) -> SitePath { SitePath(.step(key, after: chain)) }

    /// Returns the step to an element of a list, named by the first of its identifying keys.
    func appending(element: YAMLNode, at index: Int) -> SitePath {
        for key in ["name", "major", "id", "alias"] {
            // A name with a colon is an image, whose version is not a part of the path.
            if let text = element[key]?.text, !text.isEmpty, text.utf8.count <= Self.nameLimit,
                !text.utf8.contains(UInt8(ascii: ":"))
            {
                return appending(key: "[\(key)=\(text)]")
            }
        }
        return appending(key: "[\(index)]")
    }

    /// The key of the value; `nil` for an element of a list.
    var key: String? {
        guard case .step(let step, _) = chain, step.utf8.first != UInt8(ascii: "[") else {
            return nil
        }
        return step
    }

    /// The number of steps.
    var count: Int { reversedSteps.reduce(0) { count, _ in count + 1 } }

    /// The last step; `nil` for the root.
    var lastStep: String? {
        if case .step(let step, _) = chain { step } else { nil }
    }

    /// The path without its last step; `nil` for the root.
    var parent: SitePath? {
        guard case .step(_, let before) = chain else { return nil }
        return SitePath(before)
    }

    /// Returns the step `count` steps before the last one, or `nil` if the path is shorter.
    func step(before count: Int) -> String? {
        // A loop, because this is called for every value.
        var chain = chain
        for _ in 0..<count {
            guard case .step(_, let before) = chain else { return nil }
            chain = before
        }
        if case .step(let step, _) = chain { return step }
        return nil
    }

    private static func shortened(_ step: String) -> String {
        step.utf8.count <= shownLimit ? step : step.prefix(shownLimit) + "…"
    }

    /// The steps, joined as in `a.b[name=c].d`; a key with a dot is quoted.
    public var description: String {
        var text = ""
        for step in steps.map(Self.shortened) {
            if step.hasPrefix("[") {
                text += step
            } else {
                let isPlain = !step.isEmpty && !step.contains { ".[]\"".contains($0) }
                text += (text.isEmpty ? "" : ".") + (isPlain ? step : "\"\(step)\"")
            }
        }
        return text
    }
}
