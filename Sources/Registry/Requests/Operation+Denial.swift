// SPDX-License-Identifier: Apache-2.0

internal import OCI

/// The meaning of a denial for the credential that was sent.
enum DenialVerdict {
    /// The credential itself was rejected.
    case rejected
    /// The credential was rejected, or it lacks a right.
    case rejectedOrInsufficient
    /// The credential was accepted, but lacks a right.
    case insufficient
}

/// The recommended action after a 401 or 403.
///
/// It depends on the credential that was sent and names no repository, so that all images with the
/// same cause have the same advice. Several registries respond alike for missing, private and
/// forbidden content, so a read is never said to lack only a right.
extension Operation {
    /// Returns the recommended action, as a sentence in the imperative.
    ///
    /// - Parameters:
    ///   - credential: The credential of the request.
    ///   - verdict: What the response says about the credential.
    /// - Returns: The sentence.
    func adviceAfterDenial(of credential: RequestCredential, _ verdict: DenialVerdict) -> String {
        if repository == nil {
            // Logging in needs no right.
            if case .found(let found) = credential, !found.isEntered {
                return RejectedCredential.hint(registry, found.source)
            }
            return
                "correct the user or the password; some registries require an access token instead "
                + "of a password"
        }
        switch credential {
        case .notRequired, .unavailable, .omitted:
            return logIn + (isPull ? "; the repository may be private or missing" : "")
        case .found(let found):
            let renewal = RejectedCredential.hint(registry, found.source)
            return switch verdict {
            case .rejected: renewal
            case .rejectedOrInsufficient: "\(renewal), or \(permit(found))"
            case .insufficient: permit(found)
            }
        }
    }

    /// The right that the operation needs.
    private var right: String {
        access.deletes ? "delete" : access.writes || precedesPush ? "push" : "pull"
    }

    private var isPull: Bool { right == "pull" }

    private var variables: RegistryProfile.TokenVariables? {
        RegistryProfile.of(registry).tokenVariables
    }

    /// The permission that a token of the registry's variable needs.
    private var permission: String? { isPull ? variables?.pullRight : variables?.pushRight }

    private var logIn: String {
        let token = variables.map { "set \($0.token) to a token with \(permission ?? ""), " } ?? ""
        return token + "log in with 'ocimirror login \(registry)', or set "
            + "registries.\(registry).credentials in mirror.yaml"
    }

    private func permit(_ credential: FoundCredential) -> String {
        let token = permission.map {
            " (a token needs \($0)" + (isPull ? "" : "; \(variables?.advice ?? "")") + ")"
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
