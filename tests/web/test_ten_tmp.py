import time, sys
sys.path.insert(0,'/work/main')
import tests.web.test_browser as b
from tests.web.strokes import DRAWINGS
def test_it(browser,address):
    T=time.perf_counter
    characters = sorted(DRAWINGS, key=lambda c: sum(map(len, DRAWINGS[c])))[:10]
    t=T(); contexts=[browser.new_context(viewport=b.DESKTOP) for _ in characters]
    pages=[c.new_page() for c in contexts]; print("new",T()-t); t=T()
    for p in pages: p.goto(address, wait_until="commit")
    print("goto",T()-t); t=T()
    for p in pages: b.wait_until_ready(p)
    print("ready",T()-t); t=T()
    for p,c in zip(pages,characters): b.draw(p,*DRAWINGS[c])
    print("draw",T()-t); t=T()
    for p,c in zip(pages,characters): b.expect(b.answer(p)).to_have_text(c)
    print("answer",T()-t); t=T()
    for c in contexts: c.close()
    print("close",T()-t)
from tests.web.test_browser import browser, address
