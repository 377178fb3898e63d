// SPDX-License-Identifier: Apache-2.0

internal import YAML

/// Where a value stands in a document: keys, and elements of lists by what they are called.
///
/// A list's elements move; their `name` stays. `spec.containers[name=web].image` thus means the same
/// value after somebody put another container before it.
public struct SitePath: Hashable, Sendable, CustomStringConvertible {
    /// The steps from the document's root.
    public let steps: [String]

    init(_ steps: [String] = []) {
        self.steps = steps
    }

    func appending(key: String) -> SitePath { SitePath(steps + [key]) }

    /// A step to an element of a list, named by the first of its identifying keys.
    func appending(element: YAMLNode, at index: Int) -> SitePath {
        for key in ["name", "major", "id", "alias"] {
            if let text = element[key]?.text, !text.isEmpty {
                return SitePath(steps + ["[\(key)=\(text)]"])
            }
        }
        return SitePath(steps + ["[\(index)]"])
    }

    /// The key that the value stands under; nil for an element of a list.
    var key: String? { steps.last.flatMap { $0.hasPrefix("[") ? nil : $0 } }

    /// The steps, joined as in `a.b[name=c].d`; a key with a dot is quoted.
    public var description: String {
        var text = ""
        for step in steps {
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
