// SPDX-License-Identifier: Apache-2.0

import RegistryTestSupport

/// A random YAML file that names images of the fixtures' lock file, the same for the same seed.
struct GeneratedFile {
    private(set) var text = ""
    private var generator: SeededGenerator
    private let lineBreak: String
    private var anchors = 0

    init(seed: UInt64) {
        generator = SeededGenerator(seed: seed)
        lineBreak = ["\n", "\n", "\r\n"][Int(seed % 3)]
        if seed % 7 == 0 { text += "\u{FEFF}" }
        if chance(5) { text += "# caf\u{E9} \u{1F980}\(lineBreak)" }
        for number in 0..<Int.random(in: 1...3, using: &generator) {
            if number > 0 || chance(4) { text += "---\(lineBreak)" }
            for key in 0..<Int.random(in: 1...4, using: &generator) {
                entry("key\(key)", indent: 0, depth: 0)
            }
        }
        // Some files end without a line break.
        if chance(4) { text.removeLast() }
    }

    private mutating func chance(_ one: Int) -> Bool {
        Int.random(in: 0..<one, using: &generator) == 0
    }

    private mutating func pick<Value>(_ values: [Value]) -> Value {
        values[Int.random(in: values.indices, using: &generator)]
    }

    private mutating func line(_ indent: Int, _ content: String) {
        let comments = ["", "", "", " # a comment", "  # { [ \" '", "   "]
        text += String(repeating: " ", count: indent) + content + pick(comments) + lineBreak
        if chance(12) { text += lineBreak }
        if chance(12) {
            text += String(repeating: " ", count: indent) + "# alone: &x *y" + lineBreak
        }
    }

    private mutating func entry(_ key: String, indent: Int, depth: Int) {
        switch Int.random(in: 0..<(depth < 4 ? 10 : 7), using: &generator) {
        case 0: line(indent, "\(key): \(pick(["1", "yes", "~", "'it''s'", "\"a\\tb\"", "", "é"]))")
        case 1: line(indent, "\(pick(["image", "initImage", "image"])): \(quoted(reference()))")
        case 2: flow(key, indent)
        case 3: pair(key, indent)
        case 4: block(key, indent)
        case 5: kustomize(key, indent)
        case 6: line(indent, "\(key): [a, \"--solver-image=\(reference())\", {image: x}]")
        case 7:
            line(indent, "\(key):")
            for index in 0..<Int.random(in: 1...3, using: &generator) {
                line(indent + 2, "- name: c\(index)")
                line(indent + 4, "image: \(quoted(reference()))")
            }
        default:
            line(indent, "\(key):" + (chance(5) ? " &a\(depth)\(indent)" : ""))
            for index in 0..<Int.random(in: 1...3, using: &generator) {
                entry(
                    "\(pick(["image", "key", "sidecar"]))\(depth)\(index)", indent: indent + 2,
                    depth: depth + 1)
            }
        }
    }

    private mutating func pair(_ key: String, _ indent: Int) {
        let tag =
            "tag:\(pick([" v1", " \"1.10\"", " '1.2'", "", " ~", " 1.4.1", " &t\(anchors) v2"]))"
        line(indent, "\(key)Image:")
        line(indent + 2, "repository: \(quoted("ghcr.io/acme/mirror/\(name())"))")
        line(indent + 2, tag)
        if chance(2) {
            line(indent + 2, pick(["digest:", "digest: ''", "sha: \"\"", "digest: null", "sha:"]))
        }
        if tag.contains("&"), chance(2) { line(indent + 2, "again: *t\(anchors)") }
        anchors += 1
    }

    private mutating func flow(_ key: String, _ indent: Int) {
        let digest = pick(["", ", digest: ''", ", \"sha\": ~", ", digest: "])
        line(
            indent,
            "\(key)Image: {repository: ghcr.io/acme/mirror/\(name()), \"tag\": 'v1'\(digest)}")
    }

    /// A literal text that is YAML itself.
    private mutating func block(_ key: String, _ indent: Int) {
        text += String(repeating: " ", count: indent) + "\(key)Values: |\(pick(["", "-", "+"]))"
        text += lineBreak
        let inner = String(repeating: " ", count: indent + pick([2, 3]))
        for content in [
            "# inside", "image:", "  repository: ghcr.io/acme/mirror/\(name())", "  tag: v0 # t",
            "  digest:", "list: [\"--image=\(reference())\"]",
        ] { text += inner + content + lineBreak }
    }

    private mutating func kustomize(_ key: String, _ indent: Int) {
        text += String(repeating: " ", count: indent) + "\(key).yaml: |\(lineBreak)"
        let inner = String(repeating: " ", count: indent + 2)
        text += "\(inner)kind: Kustomization\(lineBreak)\(inner)images:\(lineBreak)"
        text += "\(inner)- name: ghcr.io/acme/mirror/\(name())\(lineBreak)"
        text += "\(inner)  newTag: \"v0\"\(lineBreak)"
    }

    private mutating func name() -> String {
        pick(["api", "vault", "octet", "tempo", "keda", "kafka", "mariadb", "elsewhere", "cilium"])
    }

    private mutating func reference() -> String {
        let digest = chance(3) ? "@sha256:" + String(repeating: "a", count: 64) : ""
        return "ghcr.io/acme/mirror/\(name())\(chance(4) && !digest.isEmpty ? "" : ":v0")\(digest)"
    }

    private mutating func quoted(_ text: String) -> String {
        pick([text, "\"\(text)\"", "'\(text)'"])
    }
}
