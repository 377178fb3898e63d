// SPDX-License-Identifier: Apache-2.0

internal import CommandLineKit
internal import Mirroring
internal import TextSafety

extension IDSelection {
    /// Refuses words of the command line that select nothing.
    ///
    /// Where a listing failed, its images are unknown, and no word can be called wrong.
    func check(against plan: Plan) throws(UsageError) {
        guard plan.problems.isEmpty, let word = unmatched(among: plan.allNames).first else {
            return
        }
        throw UsageError(
            ["ocimirror"],
            .invalidValue(
                of: "ID", UntrustedText(word), reason: "selects no image",
                suggestion: Suggestion.nearest(
                    to: word, among: plan.allNames.flatMap { [$0.id, $0.name] })))
    }
}

extension ConfigurationFile {
    /// Refuses a configuration under which an image of a lock would lose its id.
    func checkIDs() throws(ConfigurationErrors) {
        let diagnostics = config.lostIDs(of: locks.values, file: path, text: text)
        guard diagnostics.isEmpty else { throw ConfigurationErrors(diagnostics: diagnostics) }
    }
}
