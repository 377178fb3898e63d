// SPDX-License-Identifier: Apache-2.0

import HTTP
import Testing

@testable import Registry

@Suite struct `Challenges` {
    static let bearer = AuthChallenge(
        scheme: "bearer", parameters: ["realm": "https://auth.test/token", "service": "reg"])
    static let basic = AuthChallenge(scheme: "basic", parameters: ["realm": "x"])

    // Values that registries and the proxies in front of them send.
    @Test(arguments: [
        (#"Bearer realm="https://auth.test/token",service="reg""#, [bearer]),
        (#"bearer Realm="https://auth.test/token" , SERVICE=reg"#, [bearer]),
        (#"Bearer realm=https://auth.test/token,service=reg"#, [bearer]),
        (
            #"Basic realm="x", Bearer realm="https://auth.test/token",service="reg""#,
            [basic, bearer]
        ),
        (
            #"Negotiate, Basic realm="x""#,
            [AuthChallenge(scheme: "negotiate", parameters: [:]), basic]
        ),
        (
            #"Negotiate dG9rZW4=, Basic realm="x""#,
            [AuthChallenge(scheme: "negotiate", parameters: [:]), basic]
        ),
        (#",, Basic realm="x",,"#, [basic]),
        (#"Basic"#, [AuthChallenge(scheme: "basic", parameters: [:])]),
        (
            #"Bearer realm="a\"b\\c",scope="repository:a:pull,push""#,
            [
                AuthChallenge(
                    scheme: "bearer",
                    parameters: ["realm": #"a"b\c"#, "scope": "repository:a:pull,push"])
            ]
        ),
    ])
    func `A21 are parsed in every observed form`(value: String, expected: [AuthChallenge]) {
        #expect(AuthChallenge.all(in: ["WWW-Authenticate": value]) == expected)
    }

    @Test(arguments: [
        "", #"Bearer realm="unending"#, #"Bearer realm="a",realm="b""#, "=x", #"Bearer realm="a\"#,
        #"Bearer realm="a" service="b""#, "Bearer " + String(repeating: "a", count: 9000),
    ])
    func `A21 that are malformed are ignored`(value: String) {
        #expect(
            AuthChallenge.all(in: ["WWW-Authenticate": value]).allSatisfy { $0.parameters.isEmpty })
        #expect(
            AuthChallenge.all(in: ["WWW-Authenticate": value]).allSatisfy { $0.scheme != "basic" })
    }

    @Test(arguments: [
        #"Bearer realm="a" service="b", Basic realm="x""#,
        #"Bearer realm="a",realm="b",service="c", Basic realm="x""#,
        #"=x, Basic realm="x""#, #"Bearer=x, Basic realm="x""#,
        #"Basic realm="x", Bearer realm="unending"#, #"Basic realm="x", Bearer realm="a"#,
        #"Digest realm="a, b" nonce, Basic realm="x", Digest realm="a",realm="b""#,
        #"Bearer realm="a";service="b, Negotiate", Basic realm="x""#,
    ])
    func `A21 that are valid are kept beside a malformed one`(value: String) {
        #expect(AuthChallenge.all(in: ["WWW-Authenticate": value]) == [Self.basic])
    }

    @Test func `A21 in quotes that do not end are not parsed`() {
        let value = #"Bearer realm="https://a.test, Basic realm=x"#
        #expect(AuthChallenge.all(in: ["WWW-Authenticate": value]) == [])
    }

    @Test func `A21 of several fields are joined`() {
        let fields: HTTPFields = [
            "WWW-Authenticate": #"Basic realm="x""#,
            "www-authenticate": #"Bearer realm="https://auth.test/token",service=reg"#,
        ]
        #expect(AuthChallenge.all(in: fields) == [Self.basic, Self.bearer])
    }

    // Bytes that are derived from a seed, so that a failure is reproducible.
    @Test(arguments: UInt64(1)...40)
    func `A21 of arbitrary bytes do not trap`(seed: UInt64) {
        var state = seed
        func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state >> 33
        }
        let alphabet = Array("Bearr =\"\\,;a/+~\t".utf8)
        for _ in 0..<200 {
            let bytes = (0..<Int(next() % 60)).map { _ in alphabet[Int(next()) % alphabet.count] }
            var fields: HTTPFields = [:]
            fields.appendIfValid("www-authenticate", String(decoding: bytes, as: UTF8.self))
            for challenge in AuthChallenge.all(in: fields) { #expect(!challenge.scheme.isEmpty) }
        }
    }
}
