// SPDX-License-Identifier: Apache-2.0

import Content
import HTTP
import OCI
import Testing

@testable import Registry

@Suite struct `An upload's order` {
    let a: HTTPURL
    let b: HTTPURL

    init() throws {
        a = try HTTPURL(parsing: "https://reg.test/upload/a?_state=1")
        b = try HTTPURL(parsing: "https://reg.test/upload/b")
    }

    /// Feeds answers and returns the steps that followed, the first one included.
    func steps(
        _ dialect: BlobUpload.Dialect, from sibling: String? = nil, _ answers: BlobUpload.Answer...
    ) -> ([BlobUpload.Step], BlobUpload.Next?) {
        var upload = BlobUpload(dialect, mountingFrom: sibling)
        var steps = [upload.step]
        var last: BlobUpload.Next?
        for answer in answers {
            last = upload.take(answer)
            steps.append(upload.step)
        }
        return (steps, last)
    }

    @Test func `is POST and PUT in the one dialect`() {
        let (steps, end) = steps(.put, .session(a), .stored)
        #expect(steps.prefix(2) == [.begin, .commit(a, withBytes: true)])
        #expect(end == .finished(.uploaded))
    }

    @Test func `is POST, PATCH and PUT at a fresh place in the other`() {
        let (steps, end) = steps(.patch, .session(a), .session(b), .stored)
        #expect(
            steps.prefix(3) == [.begin, .send(a, inPieces: false), .commit(b, withBytes: false)])
        #expect(end == .finished(.uploaded))
    }

    // Only 201 is a mount.
    @Test func `G01 ends with a mount, goes on with its session, or forgets it`() {
        #expect(steps(.put, from: "base", .mounted).1 == .finished(.mounted))
        #expect(steps(.put, from: "base", .session(a)).1 == .step(.commit(a, withBytes: true)))
        for failure in [BlobUpload.Failure.refused, .transient, .tooLarge, .sessionLost] {
            #expect(steps(.put, from: "base", .failed(failure)).1 == .step(.begin))
        }
    }

    /// The steps after the first one, and the end, of an upload that looks for the blob.
    private func lookup(
        _ lookup: BlobUpload.Lookup, from sibling: String?, _ answers: [BlobUpload.Answer]
    ) -> [BlobUpload.Next] {
        var upload = BlobUpload(.put, mountingFrom: sibling, looking: lookup)
        return [.step(upload.step)] + answers.map { upload.take($0) }
    }

    @Test func `cancels the session of a mount whose blob a HEAD finds`() {
        let mount = BlobUpload.Next.step(.mount(from: "app"))
        for cancelled in [BlobUpload.Answer.cancelled, .failed(.refused), .failed(.transient)] {
            #expect(
                lookup(.afterMount, from: "app", [.session(a), .found(true), cancelled])
                    == [mount, .step(.look), .step(.cancel(a)), .finished(.present)])
        }
    }

    @Test(arguments: [BlobUpload.Answer.found(false), .failed(.refused), .failed(.transient)])
    func `goes on in the session of a mount whose blob no HEAD finds`(answer: BlobUpload.Answer) {
        let mount = BlobUpload.Next.step(.mount(from: "app"))
        #expect(
            lookup(.afterMount, from: "app", [.session(a), answer, .stored])
                == [
                    mount, .step(.look), .step(.commit(a, withBytes: true)), .finished(.uploaded),
                ])
    }

    @Test(arguments: [BlobUpload.Lookup.afterMount, .afterFailedMount])
    func `looks for the blob after a failed mount from the repository itself`(
        when: BlobUpload.Lookup
    ) {
        let mount = BlobUpload.Next.step(.mount(from: "app"))
        #expect(
            lookup(when, from: "app", [.failed(.refused), .found(true)])
                == [mount, .step(.look), .finished(.present)])
        #expect(
            lookup(when, from: "app", [.failed(.refused), .found(false)])
                == [mount, .step(.look), .step(.begin)])
    }

    @Test func `looks first where mounts say nothing, and then mounts from a sibling`() {
        #expect(
            lookup(.first, from: "base", [.found(true)]) == [.step(.look), .finished(.present)])
        #expect(
            lookup(.first, from: "base", [.found(false), .mounted])
                == [.step(.look), .step(.mount(from: "base")), .finished(.mounted)])
        #expect(
            lookup(.first, from: nil, [.found(false)]) == [.step(.look), .step(.begin)])
    }

    @Test(arguments: [
        (BlobUpload.Dialect.chunked, [BlobUpload.Dialect.patch, .chunked]), (.patch, [.patch]),
        (.put, []),
    ])
    func `G19 changes to ever smaller requests where one is too large, as far as it may`(
        last: BlobUpload.Dialect, expected: [BlobUpload.Dialect]
    ) {
        var upload = BlobUpload(.put, mountingFrom: nil, last: last)
        var dialects: [BlobUpload.Dialect] = []
        while true {
            _ = upload.take(.session(a))
            guard upload.take(.failed(.tooLarge)) == .step(.begin) else { break }
            dialects.append(upload.dialect)
        }
        #expect(dialects == expected)
    }

    @Test(arguments: [
        ("ghcr.io", BlobUpload.Dialect.patch), ("eu.gcr.io", .put),
        ("europe-docker.pkg.dev", .put), ("x.azurecr.io", .chunked), ("quay.io", .chunked),
    ])
    func `knows what registries do not take at all`(host: String, last: BlobUpload.Dialect) throws {
        #expect(try BlobUpload.Dialect.last(for: RegistryHost(parsing: host)) == last)
    }

    // Most commits whose answer was lost have succeeded.
    @Test(arguments: [BlobUpload.Failure.transient, .sessionLost])
    func `G04 looks for the blob after a doubtful commit`(failure: BlobUpload.Failure) {
        #expect(steps(.put, .session(a), .failed(failure)).1 == .step(.look))
        #expect(
            steps(.put, .session(a), .failed(failure), .found(true)).1 == .finished(.uploaded))
        let (again, next) = steps(.put, .session(a), .failed(failure), .found(false))
        #expect(next == .restart)
        #expect(again.last == .begin)
    }

    @Test func `begins anew where a session is lost in the middle`() {
        #expect(steps(.patch, .session(a), .failed(.sessionLost)).1 == .restart)
        #expect(steps(.patch, .session(a), .failed(.transient)).1 == .restart)
    }

    @Test func `ends where the registry refuses`() {
        #expect(steps(.put, .failed(.refused)).1 == .failed)
        #expect(steps(.put, .session(a), .failed(.refused)).1 == .failed)
        #expect(steps(.put, .session(a), .failed(.transient), .failed(.refused)).1 == .failed)
    }

    @Test(arguments: [
        ("docker.io", UploadDialect.auto, BlobUpload.Dialect.patch),
        ("team.azurecr.io", .auto, .patch), ("team.azurecr.cn", .auto, .patch),
        ("azurecr.io.example.com", .auto, .put), ("ghcr.io", .auto, .put),
        ("docker.io", .put, .put), ("ghcr.io", .patch, .patch),
    ])
    func `is in the dialect that the registry takes`(
        host: String, wish: UploadDialect, dialect: BlobUpload.Dialect
    ) throws {
        #expect(BlobUpload.Dialect(wish, for: try RegistryHost(parsing: host)) == dialect)
    }
}
