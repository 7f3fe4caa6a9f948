"""Says in the file, in the words that platforms look for, that a machine painted the picture.

IPTC's Digital Source Type, in an XMP packet: a picture over another one is a composite; one that kept nothing of its
init image but the size is the model's own. Without a date or a name, so that equal pictures stay equal bytes.
"""

from jobs import __version__
from worker.backends import Order

XMP_KEY = "XML:com.adobe.xmp"
"""PNG's keyword for it."""
_VOCABULARY = "http://cv.iptc.org/newscodes/digitalsourcetype"
_PACKET = (
    '<?xpacket begin="\N{ZERO WIDTH NO-BREAK SPACE}" id="W5M0MpCehiHzreSzNTczkc9d"?>'
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/"'
    ' xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" xmp:CreatorTool="pentimento {version}"'
    ' Iptc4xmpExt:DigitalSourceType="{vocabulary}/{kind}"/></rdf:RDF></x:xmpmeta><?xpacket end="r"?>'
)


def source_packet(order: Order) -> str:
    """The XMP packet of an order's picture."""
    anew = order.mask is None and order.variant.parameters.strength >= 1
    kind = "trainedAlgorithmicMedia" if anew else "compositeWithTrainedAlgorithmicMedia"
    return _PACKET.format(version=__version__, vocabulary=_VOCABULARY, kind=kind)
