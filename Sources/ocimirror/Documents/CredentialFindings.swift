// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import OCI
internal import Registry
internal import StrictJSON
internal import Validation
internal import TextSafety

/// The finding `credentials-rejected` about one credential.
struct CredentialFinding: Hashable, Sendable {
    let credential: RejectedCredential
    /// The repositories that were read anonymously instead.
    let anonymousReads: [Repository]

    /// The registry's name.
    var registry: String { credential.registry.name }

    /// The finding, with a message that never has the secret in it.
    var finding: Finding {
        let reads =
            anonymousReads.isEmpty
            ? ""
            : "; "
                + counted(
                    anonymousReads.count, "repository was", plural: "repositories were")
                + " read anonymously"
        return Finding(
            .credentialsRejected, .warning,
            UntrustedText("\(registry): \(credential)\(reads)").display)
    }

    /// The suggested next step.
    var hint: String { credential.hint }

    fileprivate var json: JSONValue {
        [
            "id": .string(finding.id.rawValue),
            "severity": .string(finding.severity.rawValue),
            "certainty": .string(finding.certainty.rawValue),
            "platform": .null,
            "layer": .null,
            "message": .string(finding.message),
            "hint": .string(hint),
            "registry": .string(registry),
            "credential": .string(UntrustedText(credential.source).display),
            "user": .optional(credential.user),
            "rejectedBy": .string(UntrustedText(credential.rejectedBy).display),
            "code": credential.status.map(JSONValue.integer) ?? .null,
            "anonymous": .array(anonymousReads.map { .string($0.description) }),
        ]
    }
}

/// The findings about the credentials of a run; every report shows the same value.
struct CredentialFindings: Hashable, Sendable {
    /// The findings, sorted by registry and source.
    let all: [CredentialFinding]

    init(_ findings: [CredentialFinding] = []) {
        all = findings.sorted {
            ($0.registry, $0.finding.message) < ($1.registry, $1.finding.message)
        }
    }

    /// Returns a Boolean value that indicates whether an image's source was read anonymously
    /// because its credential was rejected.
    func readsAnonymously(_ location: StoreLocation) -> Bool {
        guard case .repository(let repository) = location else { return false }
        return all.contains { $0.anonymousReads.contains(repository) }
    }

    /// Returns the findings with their hints as text; empty if there are none.
    func text(for console: Console) -> String {
        let style = console.outputStyle
        return all.map { credential in
            let details = [
                credential.finding.detail(style),
                Listing.Cell(text: "hint: \(credential.hint)", paint: style.bold),
            ]
            return Listing.lines(details, width: console.width)
        }.joined()
    }

    /// The array `findings` of a document.
    var json: JSONValue { .array(all.map(\.json)) }
}
