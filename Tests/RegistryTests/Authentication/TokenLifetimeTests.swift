// SPDX-License-Identifier: Apache-2.0

import StrictJSON
import Testing

@testable import Registry

@Suite struct `The lifetime of a token` {
    /// Returns a token with the given claims.
    static func jwt(_ claims: String) -> String {
        let part = Registry.Base64.encode(Array(claims.utf8)).replacing("+", with: "-")
            .replacing("/", with: "_").replacing("=", with: "")
        return "e30.\(part).signature"
    }

    // Dates are compared with each other, never with the local clock.
    @Test(arguments: [
        (#"{"token":"t","expires_in":300}"#, 210), (#"{"token":"t"}"#, 42),
        (#"{"token":"t","expires_in":0}"#, 42), (#"{"token":"t","expires_in":-1}"#, 42),
        (#"{"token":"t","expires_in":59}"#, 42),
        (#"{"token":"t","expires_in":1000000000000}"#, 60_480),
        (#"{"token":"t","expires_in":"300"}"#, 42), (#"{"token":"t","expires_in":3e2}"#, 42),
        (#"{"token":"t","expires_in":null}"#, 42),
        (#"{"token":"t","issued_at":"1990-01-01T00:00:00Z","expires_in":100}"#, 70),
        (#"{"token":"t","issued_at":"2990-01-01T00:00:00Z","expires_in":100}"#, 70),
    ])
    func `G10 is the stated one, within limits`(response: String, seconds: Int) throws {
        #expect(try Token(response: Array(response.utf8)).usableFor == .seconds(seconds))
    }

    @Test(
        arguments: [
            (#"{"iat":1000,"exp":5500}"#, 4500), (#"{"exp":5500,"iat":1000,"aud":"ü?>"}"#, 4500),
            (#"{"exp":5500}"#, nil), (#"{"iat":1000}"#, nil), ("{", nil), ("[1]", nil),
            (#"{"iat":"1000","exp":5500}"#, nil), (#"{"iat":1,"iat":2,"exp":3}"#, nil),
            (#"{"iat":-9223372036854775808,"exp":9223372036854775807}"#, nil),
        ] as [(String, Int?)])
    func `G10 is read from the token itself`(claims: String, seconds: Int?) {
        #expect(Token.lifetime(ofJWT: Self.jwt(claims)) == seconds)
    }

    @Test(arguments: ["", "opaque", "a.b", "a.b.c.d", "a.!.c", "e30.e30=.x"])
    func `G10 is unknown for a token that is not a JWT`(token: String) {
        #expect(Token.lifetime(ofJWT: token) == nil)
    }

    @Test func `G10 is the stated one, even if the token states another`() throws {
        let token = Self.jwt(#"{"iat":0,"exp":9000}"#)
        func life(_ stated: String) throws -> Duration {
            try Token(response: Array(#"{"access_token":"\#(token)"\#(stated)}"#.utf8)).usableFor
        }
        #expect(try life("") == .seconds(6300))
        #expect(try life(#","expires_in":100"#) == .seconds(70))
    }
}
