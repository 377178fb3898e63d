// SPDX-License-Identifier: Apache-2.0

internal import OCI
internal import TextSafety
internal import YAML

extension LockfileEntry {
    /// A value that several fields state, as one of them states it.
    private typealias Statement = (key: String, value: String)

    /// Checks that fields with the same information agree, because readers use one or the other.
    ///
    /// - Throws: ``LockfileError`` at the field that differs from most others.
    func checkAgreement(of image: LockedImage) throws(LockfileError) {
        let pinned = try reference("pinned")
        let ref = image.tag == nil && self["ref"] == nil ? nil : try reference("ref")
        if ref != nil, image.tag == nil {
            throw failure("ref", "'ref' needs a 'tag'", hint: LockfileError.editHint)
        }
        let upstream = try text("upstream")
        var digests: [Statement] = [
            ("digest", image.digest.hex), ("sha", try text("sha")),
            ("pinned", pinned.digest?.hex ?? ""),
            ("upstream", upstream.split(separator: ":").last.map(String.init) ?? ""),
        ]
        var registries: [Statement] = [
            ("registry", image.repository.registry.name),
            ("pinned", pinned.repository.registry.name),
        ]
        var paths: [Statement] = [
            ("repository", image.repository.path), ("pinned", pinned.repository.path),
        ]
        if let ref {
            digests.insert(("ref", ref.digest?.hex ?? ""), at: 2)
            registries.insert(("ref", ref.repository.registry.name), at: 1)
            paths.insert(("ref", ref.repository.path), at: 1)
            try agree([("tag", image.tag?.name ?? ""), ("ref", ref.tag?.name ?? "")])
        }
        for statements in [digests, registries, paths] { try agree(statements) }
        // Only the spelling can differ now, such as the name of the algorithm or a tag in 'pinned'.
        try expect("pinned", image.pinned.description)
        if let expected = image.ref { try expect("ref", expected.description) }
        guard upstream.hasSuffix("@\(image.digest)") else {
            throw failure(
                "upstream", "'upstream' does not end with '@\(image.digest)'",
                hint: LockfileError.editHint)
        }
    }

    private func reference(_ key: String) throws(LockfileError) -> Reference {
        try parse(key, Reference.init(parsing:))
    }

    /// Reports the field that differs from most others; if the fields are evenly split, the first
    /// one.
    private func agree(_ statements: [Statement]) throws(LockfileError) {
        func count(_ value: String) -> Int { statements.count { $0.value == value } }
        guard let least = statements.map({ count($0.value) }).min(), least < statements.count,
            let outlier = statements.first(where: { count($0.value) == least }),
            let majority = statements.filter({ $0.value != outlier.value })
                .max(by: { count($0.value) < count($1.value) })
        else { return }
        let others = statements.filter { $0.value == majority.value }.map { statement in
            "'\(statement.key)' (line \((self[statement.key] ?? node).mark.line))"
        }
        throw failure(
            outlier.key,
            "'\(outlier.key)' is \(Self.shown(outlier.value)), but \(others.joined(separator: ", ")) "
                + "\(others.count == 1 ? "is" : "are") \(Self.shown(majority.value))",
            hint: LockfileError.editHint)
    }

    private static func shown(_ value: String) -> String {
        let isHex =
            value.utf8.count >= 64 && value.utf8.allSatisfy { Character(.init($0)).isHexDigit }
        return UntrustedText(value).display(limit: isHex ? 12 : 100)
    }

    /// Rejects a composed field that is spelled differently from its parts.
    private func expect(_ key: String, _ composed: String) throws(LockfileError) {
        guard try text(key) == composed else {
            throw failure(
                key, "'\(key)' must be \(composed)", hint: LockfileError.editHint)
        }
    }
}
