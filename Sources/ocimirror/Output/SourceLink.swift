// SPDX-License-Identifier: Apache-2.0

internal import Mirroring
internal import TextSafety

/// The source repository of an image, as its labels state it, for links in Markdown.
///
/// A label is untrusted: only an HTTPS address of plain characters becomes a link.
///
/// Source: image-spec, annotations.md, "Pre-Defined Annotation Keys".
struct SourceLink {
    /// The address of the repository, without a final slash or `.git`.
    let address: String
    private let host: Substring
    /// The commit, if the label has a full or shortened hexadecimal id.
    let revision: String?

    private static let limit = 200

    /// Creates the link from the labels of an image; `nil` if they state no usable address.
    init?(_ facts: ImageFacts) {
        guard let source = facts.labels[.source]?.raw, source.utf8.count <= Self.limit,
            source.hasPrefix("https://"), !source.contains("..")
        else { return nil }
        var address = Substring(source)
        for end in ["/", ".git"] where address.hasSuffix(end) {
            address = address.dropLast(end.count)
        }
        let parts = address.dropFirst("https://".count).split(
            separator: "/", omittingEmptySubsequences: false)
        guard parts.count >= 3,
            parts.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy(Self.isPlain) }),
            let host = parts.first, host.contains("."), !host.contains("_"), !host.contains("~")
        else { return nil }
        self.address = String(address)
        self.host = host
        let revision = facts.labels[.revision]?.raw ?? ""
        self.revision = Self.isCommit(revision) ? revision : nil
    }

    /// The address of the commit; `nil` if the labels or the URL format of the host are
    /// unknown.
    var commit: String? {
        guard let revision, let infix else { return nil }
        return "\(address)\(infix)/commit/\(revision)"
    }

    /// Returns the address of the changes since another image of the same repository; `nil` if a
    /// commit is unknown.
    func changes(since old: SourceLink?) -> String? {
        guard let old, old.address == address, let revision, let infix, let first = old.revision,
            first != revision
        else { return nil }
        return "\(address)\(infix)/compare/\(first)...\(revision)"
    }

    /// The part of addresses before `commit` and `compare`; `nil` for an unknown host.
    private var infix: String? {
        if host == "github.com" || host == "codeberg.org" { return "" }
        return host.hasPrefix("gitlab.") ? "/-" : nil
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: true
        default: false
        }
    }

    private static func isCommit(_ text: String) -> Bool {
        (7...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }
}
