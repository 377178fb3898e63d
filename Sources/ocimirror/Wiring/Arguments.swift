// SPDX-License-Identifier: Apache-2.0

public import CommandLineKit
internal import Mirroring
public import OCI
internal import TextSafety

extension ValidationLevel: ArgumentValue {}

/// Parses an argument, and converts an error to a usage error.
func usage<Noun>(
    _ origin: String, _ text: String, _ parser: (String) throws(ParseError) -> Noun
) throws(UsageError) -> Noun {
    do {
        return try parser(text)
    } catch {
        throw UsageError(
            ["ocimirror"],
            .invalidValue(of: origin, error.text, reason: error.reason, suggestion: nil))
    }
}

extension IDSelection {
    /// Rejects ids, names and globs that match no image.
    ///
    /// If a tag listing failed, its images are unknown, so the check is skipped.
    func check(against plan: Plan) throws(UsageError) {
        guard plan.problems.isEmpty else { return }
        try check(among: plan.allNames)
    }

    /// Rejects a pattern that matches none of the ids and names.
    ///
    /// The error suggests the most similar id, or lists the first ids if none is similar.
    func check(among images: [(id: String, name: String)]) throws(UsageError) {
        guard let pattern = unmatched(among: images).first else { return }
        let suggestion = Suggestion.nearest(
            to: pattern, among: images.flatMap { [$0.id, $0.name] })
        let ids = Set(images.map(\.id)).sorted()
        let listed = ids.prefix(10).map { UntrustedText($0).display(limit: 100) }
        let rest = ids.count > listed.count ? " and \(ids.count - listed.count) more" : ""
        let known = ids.isEmpty ? "" : " (known: \(listed.joined(separator: ", "))\(rest))"
        throw UsageError(
            ["ocimirror"],
            .invalidValue(
                of: "ID", UntrustedText(pattern),
                reason: suggestion == nil ? "matches no image\(known)" : "matches no image",
                suggestion: suggestion))
    }
}

extension ConfigurationFile {
    /// Rejects a configuration under which an image of a lock file would lose its id.
    func checkIDs() throws(ConfigurationErrors) {
        let diagnostics = configuration.removedIDs(of: locks.values, file: path, text: text)
        guard diagnostics.isEmpty else { throw ConfigurationErrors(diagnostics: diagnostics) }
    }
}
