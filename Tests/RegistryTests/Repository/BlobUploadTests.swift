// SPDX-License-Identifier: Apache-2.0

import Content
import HTTP
import OCI
import Testing

@testable import Registry

@Suite struct `The order of an upload` {
    let a: HTTPURL
    let b: HTTPURL

    init() throws {
        a = try HTTPURL(parsing: "https://reg.test/upload/a?_state=1")
        b = try HTTPURL(parsing: "https://reg.test/upload/b")
    }

    /// Returns the steps that follow the given results, including the first step.
    func steps(
        _ dialect: UploadDialect, from sibling: String? = nil,
        _ answers: BlobUpload.StepResult...
    ) -> ([BlobUpload.Step], BlobUpload.Next?) {
        var upload = BlobUpload(dialect, mountingFrom: sibling)
        var steps = [upload.step]
        var last: BlobUpload.Next?
        for response in answers {
            last = upload.advance(after: response)
            steps.append(upload.step)
        }
        return (steps, last)
    }

    @Test func `is POST and PUT in the dialect put`() {
        let (steps, end) = steps(.put, .session(a), .stored)
        #expect(steps.prefix(2) == [.begin, .commit(a, withBytes: true)])
        #expect(end == .finished(.uploaded))
    }

    @Test func `is POST, PATCH and PUT with a new URL in the dialect patch`() {
        let (steps, end) = steps(.patch, .session(a), .session(b), .stored)
        #expect(
            steps.prefix(3) == [.begin, .send(a, inChunks: false), .commit(b, withBytes: false)])
        #expect(end == .finished(.uploaded))
    }

    // Only 201 is a mount.
    @Test func `G01 ends with a mount, continues its session, or ignores its failure`() {
        #expect(steps(.put, from: "base", .mounted).1 == .finished(.mounted))
        #expect(steps(.put, from: "base", .session(a)).1 == .step(.commit(a, withBytes: true)))
        for failure in [BlobUpload.Failure.rejected, .transient, .tooLarge, .sessionLost] {
            #expect(steps(.put, from: "base", .failed(failure)).1 == .step(.begin))
        }
    }

    /// Returns the steps after the first one, and the end, of an upload that checks for the blob.
    private func existenceCheck(
        _ existenceCheck: BlobUpload.ExistenceCheck, from sibling: String?,
        _ answers: [BlobUpload.StepResult]
    ) -> [BlobUpload.Next] {
        var upload = BlobUpload(.put, mountingFrom: sibling, checking: existenceCheck)
        return [.step(upload.step)] + answers.map { upload.advance(after: $0) }
    }

    @Test func `cancels the session of a mount if a HEAD finds the blob`() {
        let mount = BlobUpload.Next.step(.mount(from: "app"))
        for canceled in [BlobUpload.StepResult.canceled, .failed(.rejected), .failed(.transient)] {
            #expect(
                existenceCheck(.afterMount, from: "app", [.session(a), .found(true), canceled])
                    == [mount, .step(.check), .step(.cancel(a)), .finished(.present)])
        }
    }

    @Test(arguments: [BlobUpload.StepResult.found(false), .failed(.rejected), .failed(.transient)])
    func `continues the session of a mount if no HEAD finds the blob`(
        response: BlobUpload.StepResult
    ) {
        let mount = BlobUpload.Next.step(.mount(from: "app"))
        #expect(
            existenceCheck(.afterMount, from: "app", [.session(a), response, .stored])
                == [
                    mount, .step(.check), .step(.commit(a, withBytes: true)), .finished(.uploaded),
                ])
    }

    @Test(arguments: [BlobUpload.ExistenceCheck.afterMount, .afterFailedMount])
    func `checks for the blob after a failed mount from the repository itself`(
        when: BlobUpload.ExistenceCheck
    ) {
        let mount = BlobUpload.Next.step(.mount(from: "app"))
        #expect(
            existenceCheck(when, from: "app", [.failed(.rejected), .found(true)])
                == [mount, .step(.check), .finished(.present)])
        #expect(
            existenceCheck(when, from: "app", [.failed(.rejected), .found(false)])
                == [mount, .step(.check), .step(.begin)])
    }

    @Test func `checks first if mounts are inconclusive, and then mounts from a sibling`() {
        #expect(
            existenceCheck(.first, from: "base", [.found(true)]) == [
                .step(.check), .finished(.present),
            ])
        #expect(
            existenceCheck(.first, from: "base", [.found(false), .mounted])
                == [.step(.check), .step(.mount(from: "base")), .finished(.mounted)])
        #expect(
            existenceCheck(.first, from: nil, [.found(false)]) == [.step(.check), .step(.begin)])
    }

    @Test(arguments: [
        (UploadDialect.chunked, [UploadDialect.patch, .chunked]), (.patch, [.patch]),
        (.put, []),
    ])
    func `G19 uses smaller requests after 413, down to the last supported dialect`(
        last: UploadDialect, expected: [UploadDialect]
    ) {
        var upload = BlobUpload(.put, mountingFrom: nil, last: last)
        var dialects: [UploadDialect] = []
        while true {
            _ = upload.advance(after: .session(a))
            guard upload.advance(after: .failed(.tooLarge)) == .step(.begin) else { break }
            dialects.append(upload.dialect)
        }
        #expect(dialects == expected)
    }

    // Most commits with a lost response have succeeded.
    @Test(arguments: [BlobUpload.Failure.transient, .sessionLost])
    func `G04 checks for the blob after a lost commit`(failure: BlobUpload.Failure) {
        #expect(steps(.put, .session(a), .failed(failure)).1 == .step(.check))
        #expect(
            steps(.put, .session(a), .failed(failure), .found(true)).1 == .finished(.uploaded))
        let (again, next) = steps(.put, .session(a), .failed(failure), .found(false))
        #expect(next == .restart)
        #expect(again.last == .begin)
    }

    @Test func `restarts after a lost session`() {
        #expect(steps(.patch, .session(a), .failed(.sessionLost)).1 == .restart)
        #expect(steps(.patch, .session(a), .failed(.transient)).1 == .restart)
    }

    @Test func `ends if the registry rejects it`() {
        #expect(steps(.put, .failed(.rejected)).1 == .failed)
        #expect(steps(.put, .session(a), .failed(.rejected)).1 == .failed)
        #expect(steps(.put, .session(a), .failed(.transient), .failed(.rejected)).1 == .failed)
    }
}
