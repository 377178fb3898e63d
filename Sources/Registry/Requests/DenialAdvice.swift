// SPDX-License-Identifier: Apache-2.0

internal import OCI

/// The recommended action after a 401 or 403.
///
/// It depends on the credential that was sent and names no repository, so that all images with the
/// same cause have the same advice. Several registries respond alike for missing, private and
/// forbidden content, so a read is never said to lack only a right.
struct DenialAdvice {
    /// What a denial says about the credential that was sent.
    enum Verdict {
        /// The credential itself was rejected.
        case rejected
        /// The credential was rejected, or it lacks a right.
        case rejectedOrInsufficient
        /// The credential was accepted, but lacks a right.
        case insufficient
    }

    private let registry: RegistryHost
    private let isForRepository: Bool
    /// The right that the operation needs.
    private let right: String
    private let credential: FoundCredential?
    private let verdict: Verdict

    /// Creates the advice.
    ///
    /// - Parameters:
    ///   - operation: The denied operation.
    ///   - credential: The credential of the request, or `nil` if it is not known.
    ///   - verdict: What the response says about the credential.
    init(_ operation: Operation, _ credential: FoundCredential?, _ verdict: Verdict) {
        self.verdict = verdict
        registry = operation.registry
        isForRepository = operation.repository != nil
        right = operation.access.deletes ? "delete" : operation.access.writes ? "push" : "pull"
        self.credential = credential
    }

    /// The sentence in the imperative.
    var text: String {
        guard isForRepository else {
            return
                "correct the user or the password; some registries require an access token instead "
                + "of a password"
        }
        guard let credential else { return "\(logIn); \(possibleCauses)" }
        guard credential.credential != .none else { return "\(logIn)\(missing)" }
        let renewal = RejectedCredential.hint(registry, credential.source ?? "the command line")
        return switch verdict {
        case .rejected: renewal
        case .rejectedOrInsufficient: "\(renewal), or \(lacking(credential))"
        case .insufficient: lacking(credential)
        }
    }

    private var variables: RegistryProfile.TokenVariables? {
        RegistryProfile.of(registry).tokenVariables
    }

    /// The permission that a token of the registry's variable needs.
    private var permission: String? {
        right == "pull" ? variables?.pullRight : variables?.pushRight
    }

    private var logIn: String {
        let token = variables.map { "set \($0.token) to a token with \(permission ?? ""), " } ?? ""
        return token + "log in with 'ocimirror login \(registry)', or set "
            + "registries.\(registry).credentials in mirror.yaml"
    }

    private var missing: String {
        right == "pull" ? "; the repository may be private or missing" : ""
    }

    private var possibleCauses: String {
        "the repository may be private or missing, or the credentials may lack the right to "
            + right
    }

    private func lacking(_ credential: FoundCredential) -> String {
        let token = permission.map {
            " (a token needs \($0)" + (right == "pull" ? "" : "; \(variables?.advice ?? "")") + ")"
        }
        return "give \(credential.holder) the right to \(right)\(token ?? ""); "
            + "the repository may be private or missing"
    }
}

extension FoundCredential {
    /// The owner of the credential, for advice.
    fileprivate var holder: String {
        credential.displayUser.map { "user \($0)" } ?? "the owner of these credentials"
    }
}
