// SPDX-License-Identifier: Apache-2.0

import Testing
import TextSafety

@Suite struct SecretTests {
    private static let canary = "canary-7f3a"

    private struct Login {
        var user = "robot"
        var password = Secret(canary)
        var older: [Secret?] = [Secret(canary), nil]
        var byHost = ["ghcr.io": Secret(canary)]
        var choice = Choice.token(Secret(canary), days: 3)
    }

    private enum Choice {
        case token(Secret, days: Int)
    }

    private final class Holder {
        let secret = Secret(canary)
    }

    private static func everyRendering<Value>(of value: Value) -> [String] {
        var dumped = ""
        dump(value, to: &dumped)
        var printed = ""
        print(value, terminator: "", to: &printed)
        var debugged = ""
        debugPrint(value, terminator: "", to: &debugged)
        let children = Mirror(reflecting: value).children.map { "\($0.label ?? "") \($0.value)" }
        return [
            "\(value)", String(describing: value), String(reflecting: value), dumped, printed,
            debugged,
        ] + children
    }

    @Test func `no representation of a secret contains it`() {
        for text in Self.everyRendering(of: Secret(Self.canary)) {
            #expect(!text.contains(Self.canary))
        }
        #expect("\(Secret(Self.canary))" == "***")
        #expect(String(reflecting: Secret(Self.canary)) == "***")
    }

    @Test func `no representation of a value with a secret contains the secret`() {
        let renderings =
            Self.everyRendering(of: Login()) + Self.everyRendering(of: Holder())
            + Self.everyRendering(of: Optional(Secret(Self.canary)) as Any)
            + Self.everyRendering(
                of: (Secret(Self.canary), Result<Secret, Never>.success(Secret(Self.canary))))
        for text in renderings {
            #expect(!text.contains(Self.canary))
        }
        #expect(String(describing: Login()).contains("robot"))
    }

    @Test func `an error with a secret does not contain it`() {
        struct Refused: Error {
            let secret = Secret(SecretTests.canary)
        }
        for text in Self.everyRendering(of: Refused()) {
            #expect(!text.contains(Self.canary))
        }
    }

    @Test func `the value is available for a request`() {
        #expect(Secret(Self.canary).reveal() == Self.canary)
        #expect(Secret("a") == Secret("a"))
        #expect(Secret("a") != Secret("b"))
        #expect(Secret("").isEmpty)
        #expect(!Secret("a").isEmpty)
    }
}
