/** How does a phone read the invoice off a terminal? */
import { renderUnicodeCompact } from 'uqr'

/** Upper case, which a QR code holds in fewer squares (BOLT11 §Encoding overview). Lines of text. */
export const renderInvoiceQr = (bolt11: string): string => renderUnicodeCompact(bolt11.toUpperCase(), { border: 2 })
