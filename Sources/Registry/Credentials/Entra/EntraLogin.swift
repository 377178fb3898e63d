// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import Files
internal import HTTP
internal import StrictJSON
internal import TextSafety

/// Logs in to Azure's registries as somebody whom Microsoft Entra knows.
///
/// A token of Entra is exchanged for a refresh token of the registry, which is good for hours and
/// is what the registry's token server then wants to see.
///
/// Source: Azure's documentation of authentication with registries (`oauth2/exchange`).
actor EntraLogin {
    /// A refresh token of one registry.
    struct Login: Sendable {
        let token: Secret
        /// Whether it was kept from an earlier login.
        var isKept: Bool

        var credential: Credential { .identityToken(token) }
    }

    private struct Place: Hashable, Sendable {
        let identity: EntraIdentity
        let registry: Origin
        let service: String?
    }

    private let endpoint: TokenEndpoint
    private let time: RetryTiming
    private var kept: [Place: (token: Secret, until: Duration)] = [:]
    private let flights = SingleFlight<Place, Secret>()

    init(endpoint: TokenEndpoint) {
        self.endpoint = endpoint
        self.time = endpoint.retrier.time
    }

    /// Returns a refresh token, of an earlier login where that is still good.
    ///
    /// - Throws: ``RegistryError`` where Entra or the registry refuses or cannot be reached.
    func login(
        _ identity: EntraIdentity, at registry: Origin, service: String?, for call: Operation
    ) async throws -> Login {
        let place = Place(identity: identity, registry: registry, service: service)
        if let kept = kept[place], time.now() < kept.until {
            return Login(token: kept.token, isKept: true)
        }
        let token = try await flights.value(for: place) {
            let start = self.time.now()
            let token = try await self.exchange(
                try await self.entraToken(identity, for: call), at: place, for: call)
            let life = TokenLifetime.usable(stated: nil, token: token.reveal())
            await self.keep(token, at: place, until: start + life)
            return token
        }
        return Login(token: token, isKept: false)
    }

    /// Drops a login that was refused, unless there is a newer one already.
    func forget(_ login: Login) {
        kept = kept.filter { $0.value.token != login.token }
    }

    private func keep(_ token: Secret, at place: Place, until: Duration) {
        kept[place] = (token, until)
    }

    // MARK: The two steps

    private nonisolated func entraToken(
        _ identity: EntraIdentity, for call: Operation
    ) async throws -> Secret {
        let call = call.step(.token, "asking Microsoft Entra for a token")
        do {
            switch identity.proof {
            case .clientSecret(let application, let secret):
                let request = application.httpRequest([("client_secret", secret.reveal())])
                return try token(
                    "access_token", in: await endpoint.answer(to: request, for: call), call)
            case .federatedToken(let application, let file):
                let request = application.httpRequest([
                    (
                        "client_assertion_type",
                        "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
                    ),
                    ("client_assertion", try assertion(in: file, call)),
                ])
                return try token(
                    "access_token", in: await endpoint.answer(to: request, for: call), call)
            case .managedIdentity(let managed):
                let answer = try await linkLocalEndpoint.answer(
                    to: managed.httpRequest(), patience: ManagedIdentity.patience, for: call)
                return try token("access_token", in: answer, call)
            }
        } catch let error as RegistryError where [400, 401, 403].contains(error.status) {
            // OAuth answers 400 for most of what is wrong with whoever asks (RFC 6749 §5.2).
            let said = error.problems.map(\.description).joined(separator: ", ")
            throw RegistryError(
                .denied, call,
                "\(identity.source) was rejected" + (said.isEmpty ? "" : " (\(said))"),
                hint:
                    "correct the AZURE_ variables, or log in with 'ocimirror login \(call.registry)'",
                status: error.status)
        }
    }

    private nonisolated func exchange(
        _ token: Secret, at place: Place, for call: Operation
    ) async throws -> Secret {
        let call = call.step(.token, "logging in to \(place.registry) as known to Microsoft Entra")
        var form = [("grant_type", "access_token"), ("access_token", token.reveal())]
        if let service = place.service { form.append(("service", service)) }
        if let tenant = place.identity.tenant { form.append(("tenant", tenant)) }
        let url = try HTTPURL(place.registry, target: "/oauth2/exchange")
        let answer = try await endpoint.answer(to: .form(url, form), for: call)
        return try self.token("refresh_token", in: answer, call)
    }

    /// The services of the machine itself are there or not: who waits longer learns no more.
    private nonisolated var linkLocalEndpoint: TokenEndpoint {
        var retrier = endpoint.retrier
        retrier.policy.maximumAttempts = 3
        retrier.policy.outlastsOutages = false
        return TokenEndpoint(
            transport: endpoint.transport, retrier: retrier, timeouts: endpoint.timeouts)
    }

    private nonisolated func assertion(in file: String, _ call: Operation) throws -> String {
        do {
            let bytes = try BoundedFile.read(file, limit: TokenEndpoint.maximumSize)
            return String(decoding: bytes, as: UTF8.self).filter { !$0.isWhitespace }
        } catch {
            throw RegistryError(.unavailable, call, "AZURE_FEDERATED_TOKEN_FILE: \(error)")
        }
    }

    private nonisolated func token(
        _ name: String, in answer: [UInt8], _ call: Operation
    ) throws -> Secret {
        guard let text = (try? JSONValue(parsing: answer))?[name]?.text, !text.isEmpty else {
            throw RegistryError(.unavailable, call, "the answer has no \(name)")
        }
        return Secret(text)
    }
}

extension EntraApplication {
    /// A request for a token, with what proves who asks.
    fileprivate func httpRequest(_ proof: [(String, String)]) -> HTTPRequest {
        .form(
            tokens,
            [
                ("grant_type", "client_credentials"), ("client_id", client),
                ("scope", AzureCloud.audience + "/.default"),
            ] + proof)
    }
}
