// SPDX-License-Identifier: Apache-2.0

import HTTP
import OCI
import StrictJSON
import TextSafety

@testable import Registry

extension FuzzTarget {
    /// `WWW-Authenticate` fields, one a line: a challenge that is written again is the same, and a
    /// token request goes to the realm.
    static let challenge = FuzzTarget("challenge") { input throws(Violation) in
        let challenges = AuthChallenge.all(in: fields("www-authenticate", input))
        try require(challenges.count <= input.count, "\(challenges.count) challenges")
        for challenge in challenges {
            var written = HTTPFields()
            guard written.appendIfValid("www-authenticate", text(of: challenge)) else {
                throw Violation(description: "\(text(of: challenge)) is not a field")
            }
            try require(AuthChallenge.all(in: written) == [challenge], "\(text(of: challenge))")
        }
        let policy = try credentialPolicy
        let scheme: AuthScheme?
        do throws(RegistryError) {
            scheme = try policy.scheme(
                requiredBy: challenges, receivedFrom: .global,
                for: Operation(kind: .versionCheck, phrase: "test", registry: .dockerHub))
        } catch {
            try requireSafe(error.description)
            return challenges.hashValue
        }
        guard case .bearer(let server, let scopes)? = scheme else { return 1 }
        let request = TokenRequest(server: server, scopes: scopes, credential: nil)
        let url = request.httpRequest().url
        try require(url.origin == server.origin, "the token request leaves its realm")
        try checkURL(url)
        return url.hashValue
    }

    private static var credentialPolicy: CredentialPolicy {
        get throws(Violation) {
            do {
                return CredentialPolicy(
                    host: .dockerHub, origin: try Origin.of(.dockerHub, plainHTTP: false),
                    settings: RegistrySettings())
            } catch {
                throw Violation(description: "\(error)")
            }
        }
    }

    /// Responses of token servers: a token is valid in a header field and used for a limited time.
    static let token = FuzzTarget("token") { input throws(Violation) in
        let token: Token
        do throws(JSONError) {
            token = try Token(response: input)
        } catch {
            try requireSafe(error.description)
            try require(!error.description.contains("s3cr3t"), "the error quotes the token")
            return 0
        }
        var written = HTTPFields()
        let isValid = written.appendIfValid("authorization", token.authorization.reveal())
        try require(isValid && written["authorization"] == token.authorization.reveal(), "field")
        let limit = Duration.seconds(Token.longestLife)
        try require(token.usableFor >= .zero && token.usableFor <= limit, "\(token.usableFor)")
        return token.hashValue
    }

    /// `Link` fields, one a line: the next page has a canonical URL.
    static let link = FuzzTarget("link") { input throws(Violation) in
        guard let base = tagListing,
            let next = LinkHeader.next(in: fields("link", input).values("link"))
        else { return 0 }
        return try resolve(next, from: base)
    }

    private static let tagListing = try? HTTPURL(
        parsing: "https://reg.test/v2/app/tags/list?n=100")

    /// `Retry-After` and `Date` fields and a body, one a line: a wait is positive and bounded, and
    /// a date is the one that counting days yields.
    static let retryAfter = FuzzTarget("retry-after") { input throws(Violation) in
        let lines = input.split(separator: 0x0A, maxSplits: 2, omittingEmptySubsequences: false)
        var fields = HTTPFields()
        for (name, line) in zip(["retry-after", "date"], lines) {
            fields.appendIfValid(name, String(decoding: line, as: UTF8.self))
        }
        let problems = lines.count > 2 ? DistributionError.all(in: Array(lines[2])) : []
        let wait = RetryAfter.duration(in: fields, problems)
        if let wait {
            try require(wait > .zero && wait <= .seconds(1 << 40), "wait of \(wait)")
        }
        if let value = fields["retry-after"], let seconds = UInt32(value), seconds > 0,
            value.utf8.first != UInt8(ascii: "+")
        {
            try require(
                wait == .seconds(Int(seconds)), "\(seconds) is read as \(String(describing: wait))")
        }
        for text in [fields["retry-after"], fields["date"]].compactMap(\.self) {
            guard let seconds = HTTPDate.parse(text) else { continue }
            try require(seconds == countedSeconds(text), "\(text) is read as \(seconds)")
        }
        return wait.hashValue
    }

    /// Uploads: the first byte selects the kind of upload, each other byte is the result of a step.
    ///
    /// An upload ends successfully only if the registry confirmed the blob, and sends bytes only to
    /// the latest session.
    static let upload = FuzzTarget("upload") { input throws(Violation) in
        guard let first = input.first, let sessions = Self.sessions else { return 0 }
        let kind = Int(first)
        let dialects: [UploadDialect] = [.put, .patch, .chunked]
        let checks: [BlobUpload.ExistenceCheck] = [.never, .first, .afterFailedMount, .afterMount]
        var upload = BlobUpload(
            dialects[kind % 3], mountingFrom: kind & 4 == 0 ? nil : "base",
            checking: checks[kind >> 3 & 3], last: dialects[kind >> 5 % 3])
        var isConfirmed = false
        var latest: HTTPURL?
        for (position, byte) in input.dropFirst().enumerated() {
            let result = result(byte, sessions[position % sessions.count])
            switch (upload.step, result) {
            case (.mount, .mounted), (.commit, .stored), (.check, .found(true)): isConfirmed = true
            case (.mount, .session(let url)), (.begin, .session(let url)),
                (.send, .session(let url)):
                latest = url
            default: break
            }
            switch upload.advance(after: result) {
            case .step(.send(let url, inChunks: _)), .step(.commit(let url, withBytes: _)):
                try require(url == latest, "bytes are sent to an earlier session")
                try require(upload.hasSent, "the upload forgets that it sends bytes")
            case .step, .restart: break
            case .finished:
                try require(isConfirmed, "the upload ends without a confirmation")
                return position
            case .failed: return position + 64
            }
        }
        return upload.step.hashValue
    }

    private static let sessions: [HTTPURL]? = try? ["a?_state=1", "b", "c?x=y"].map {
        try HTTPURL(parsing: "https://reg.test/upload/\($0)")
    }

    private static func result(_ byte: UInt8, _ session: HTTPURL) -> BlobUpload.StepResult {
        switch byte % 10 {
        case 0: .mounted
        case 1: .canceled
        case 2, 3: .session(session)
        case 4: .stored
        case 5: .found(true)
        case 6: .found(false)
        case 7: .failed(byte > 128 ? .sessionLost : .rejected)
        case 8: .failed(.tooLarge)
        default: .failed(.transient)
        }
    }

    /// Returns the lines of an input as values of a field, without those that no field may have.
    private static func fields(_ name: String, _ input: [UInt8]) -> HTTPFields {
        var fields = HTTPFields()
        for line in input.split(separator: 0x0A) {
            fields.appendIfValid(name, String(decoding: line, as: UTF8.self))
        }
        return fields
    }

    private static func text(of challenge: AuthChallenge) -> String {
        let parameters = challenge.parameters.sorted { $0.key < $1.key }.map { name, value in
            // A quotation mark may have a combining character.
            let escaped = value.unicodeScalars.map {
                $0 == "\\" || $0 == "\"" ? "\\\($0)" : "\($0)"
            }
            return "\(name)=\"\(escaped.joined())\""
        }
        return ([challenge.scheme] + [parameters.joined(separator: ", ")])
            .filter { !$0.isEmpty }.joined(separator: " ")
    }

    /// Returns the seconds since 1970 of a date in HTTP's format, by counting years and months.
    private static func countedSeconds(_ text: String) -> Int? {
        let parts = text.split(separator: " ")
        guard parts.count == 6 else { return nil }
        let time = parts[4].split(separator: ":").compactMap { Int($0) }
        let names = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(separator: " ")
        guard let day = Int(parts[1]), let month = names.firstIndex(of: parts[2]),
            let year = Int(parts[3]), time.count == 3
        else { return nil }
        let isLeap = { (year: Int) in year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) }
        var days = day - 1
        for year in 1970..<max(year, 1970) { days += isLeap(year) ? 366 : 365 }
        let lengths = [31, isLeap(year) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        days += lengths[..<month].reduce(0, +)
        return ((days * 24 + time[0]) * 60 + time[1]) * 60 + time[2]
    }
}
