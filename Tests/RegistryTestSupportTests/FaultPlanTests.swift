// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import RegistryTestSupport

/// Faults are determined by the requests and a clock.
@Suite struct FaultPlanTests {
    private typealias Request = FaultPlan.Request

    private static let blob = Request(method: "GET", target: "/v2/a/blobs/sha256:1")
    private static let upload = Request(
        method: "PUT", target: "/v2/a/blobs/uploads/1?digest=sha256:2", hasBody: true)
    private static let head = Request(method: "HEAD", target: "/v2/a/manifests/1")

    private func actions(
        _ plan: FaultPlan, _ requests: [Request], every step: Duration = .zero
    ) -> [FaultPlan.Action] {
        var (plan, now) = (plan, Duration.zero)
        return requests.map { request in
            defer { now += step }
            return plan.decide(request, at: now)
        }
    }

    private func repeated(_ request: Request, _ count: Int) -> [Request] {
        [Request](repeating: request, count: count)
    }

    @Test func `every fifth request is throttled`() {
        var plan = FaultPlan(.throttle)
        let answers = (1...10).map { _ in plan.decide(Self.head, at: .zero) }
        let throttled = FaultPlan.Action.answer(429, fields: ["Retry-After: 1"])
        #expect(answers.indices.filter { answers[$0] == throttled } == [4, 9])
        #expect(plan.requests == 10 && plan.strikes == 2 && plan.secondsAskedFor == 2)
    }

    @Test func `errors come in bursts of three`() {
        let answers = actions(FaultPlan(.bursts), repeated(Self.head, 40))
        #expect(answers[9...11] == [.answer(500), .answer(502), .answer(503)])
        #expect(answers[29...31] == [.answer(500), .answer(502), .answer(503)])
        #expect(answers.count { $0 != .pass } == 6)
    }

    @Test func `an outage lasts four seconds from the eleventh request`() {
        let answers = actions(
            FaultPlan(.outage), repeated(Self.head, 30), every: .milliseconds(500))
        #expect(answers.indices.filter { answers[$0] == .answer(503) } == Array(10..<18))
    }

    @Test func `connections are rejected once`() {
        let answers = actions(FaultPlan(.connectionRefused), repeated(Self.head, 20))
        #expect(answers.indices.filter { answers[$0] == .refuse(seconds: 3) } == [9])
    }

    @Test(arguments: [
        (ProxyFault.cutFirst, FaultPlan.Action.cutAnswer, FaultPlan.Action.cutBody),
        (.flipFirst, .flipAnswer, .flipBody),
    ])
    func `the first response of each address and the first upload of each blob are corrupted`(
        fault: ProxyFault, answer: FaultPlan.Action, body: FaultPlan.Action
    ) {
        let other = Request(method: "GET", target: "/v2/a/blobs/sha256:2")
        let read = actions(FaultPlan(fault), [Self.blob, Self.blob, other, Self.head, other])
        #expect(read == [answer, .pass, answer, .pass, .pass])
        let patch = Request(
            method: "PATCH", target: "/v2/a/blobs/uploads/1", hasBody: true, length: 7)
        let uploads = [Self.upload, Self.upload, patch, patch, Self.upload]
        #expect(actions(FaultPlan(fault), uploads) == [body, .pass, body, .pass, .pass])
        let chunked = Request(method: "PATCH", target: "/v2/a/blobs/uploads/1", hasBody: true)
        let unknown = actions(FaultPlan(fault), repeated(chunked, 6))
        #expect(unknown == [body, .pass, .pass, .pass, .pass, body])
    }

    @Test func `one blob is corrupted every time: the first or a named one`() {
        let other = Request(method: "GET", target: "/v2/b/blobs/sha256:2")
        let requests = [Self.blob, other, Self.blob, Self.upload, other]
        #expect(
            actions(FaultPlan(.cutOne), requests) == [.cutAnswer, .pass, .cutAnswer, .pass, .pass])
        #expect(
            actions(FaultPlan(.corruptOne, only: "/b/"), requests)
                == [.pass, .flipAnswer, .pass, .pass, .flipAnswer])
        #expect(
            actions(FaultPlan(.corruptOne, only: "/a/"), [Self.upload, Self.upload])
                == [.flipBody, .flipBody])
    }

    @Test func `a token is valid for one second`() {
        var plan = FaultPlan(.shortTokens)
        let refused = plan.decide(Self.blob, at: .zero)
        #expect(
            refused
                == .answer(401, fields: ["WWW-Authenticate: Bearer realm=\"{origin}/token\""]))
        let token = Request(method: "GET", target: "/token?scope=x")
        #expect(
            plan.decide(token, at: .zero)
                == .answer(200, body: #"{"token":"token-2","expires_in":1}"#))
        var known = Self.blob
        known.authorization = "Bearer token-2"
        #expect(plan.decide(known, at: .milliseconds(999)) == .pass)
        #expect(plan.decide(known, at: .seconds(1)) == refused)
    }
}
